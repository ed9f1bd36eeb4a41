package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.penstock.gateway.overlay.router.AllowRule.Protocol;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// In a steady state a packet that passes the router allocates nothing.
class AllocationTest {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 4_000;
  private static final int BATCH = 24;

  /// A hundredth of a byte per packet: what the allocator's own caches cost now and then.
  private static final long TOLERATED = ROUNDS * BATCH / 100;

  private final ResourceLeakDetector.Level levelBefore = ResourceLeakDetector.getLevel();
  private final TestLoop loop1 = new TestLoop();
  private final TestLoop loop2 = new TestLoop();
  private final AllowRule rule =
      new AllowRule(Party.parse("user:ann"), Party.parse("user:bob"), Protocol.UDP, List.of());
  private long nowNanos;
  private final Router router =
      new Router(
          RouterConfig.DEFAULT,
          List.of(),
          new OverlayPolicy(List.of(rule)),
          () -> nowNanos += 50_000,
          9);
  private final Attached a = attach("10.64.0.2", "ann", loop1);
  private final Attached own = attach("10.64.0.3", "ann", loop1);
  private final Attached other = attach("10.64.0.4", "bob", loop2);

  @BeforeEach
  void watchNoLeaks() {
    // The detector allocates for every buffer that it watches.
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
  }

  @AfterEach
  void watchLeaks() {
    ResourceLeakDetector.setLevel(levelBefore);
    router.close();
    loop1.runAll();
    loop2.runAll();
  }

  private static final class ReleasingPort implements TunnelPort {

    private final TestLoop loop;

    ReleasingPort(TestLoop loop) {
      this.loop = loop;
    }

    @Override
    public Executor loop() {
      return loop;
    }

    @Override
    public boolean inLoop() {
      return true;
    }

    @Override
    public int maxPayloadBytes() {
      return 1280;
    }

    @Override
    public Sent send(ByteBuf packet) {
      packet.release();
      return Sent.SENT;
    }

    @Override
    public void flush() {}

    @Override
    public void onRoom(Runnable drained) {}

    @Override
    public void displaced() {}
  }

  private Attached attach(String address, String user, TestLoop loop) {
    return router.attach(
        new NodeTunnel(
            UUID.randomUUID(),
            address,
            user,
            NodeTunnel.Kind.NODE,
            TestNetwork.leased(1, address),
            new ReleasingPort(loop)));
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 1200})
  void nodes_of_one_user_on_one_loop(int dataBytes) throws InterruptedException {
    assertThat(bytesOfBestRun(a, template("10.64.0.2", "10.64.0.3", dataBytes)))
        .isLessThan(TOLERATED);
    assertThat(own.report().sentPackets()).isPositive();
  }

  @Test
  void nodes_of_two_users_on_two_loops() throws InterruptedException {
    assertThat(bytesOfBestRun(a, template("10.64.0.2", "10.64.0.4", 1000))).isLessThan(TOLERATED);
    assertThat(bytesOfBestRun(other, template("10.64.0.4", "10.64.0.2", 53, 1111, 1000)))
        .isLessThan(TOLERATED);
    assertThat(router.report().flows()).isEqualTo(1);
    assertThat(router.report().drops().values()).containsOnly(0L);
  }

  @Test
  void packets_that_are_refused() throws InterruptedException {
    assertThat(bytesOfBestRun(a, template("10.64.0.2", "10.64.0.99", 100))).isLessThan(TOLERATED);
    assertThat(bytesOfBestRun(other, template("10.64.0.4", "10.64.0.3", 100)))
        .isLessThan(TOLERATED);
    assertThat(bytesOfBestRun(a, template("10.64.0.7", "10.64.0.3", 100))).isLessThan(TOLERATED);
    assertThat(router.report().drops().get(DropReason.POLICY)).isPositive();
    assertThat(router.report().drops().get(DropReason.NO_ROUTE)).isPositive();
    assertThat(router.report().drops().get(DropReason.SPOOFED_SOURCE)).isPositive();
  }

  private static byte[] template(String from, String to, int dataBytes) {
    return template(from, to, 1111, 53, dataBytes);
  }

  private static byte[] template(
      String from, String to, int sourcePort, int destinationPort, int dataBytes) {
    ByteBuf packet = Packets.udp(from, to, sourcePort, destinationPort, dataBytes);
    byte[] bytes = new byte[packet.readableBytes()];
    packet.readBytes(bytes);
    packet.release();
    return bytes;
  }

  /// The bytes allocated in the best of some runs of many packets, so that what the compiler or a
  /// growing array does once is not counted. It runs on a thread of the kind that event loops are,
  /// because the allocator keeps its caches for those alone.
  private long bytesOfBestRun(Attached from, byte[] template) throws InterruptedException {
    long[] best = {Long.MAX_VALUE};
    Thread thread =
        new FastThreadLocalThread(
            () -> {
              for (int run = 0; run < 8 && best[0] >= TOLERATED; run++) {
                best[0] = Math.min(best[0], bytesOfRun(from, template));
              }
            });
    thread.start();
    thread.join();
    return best[0];
  }

  private long bytesOfRun(Attached from, byte[] template) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < BATCH; i++) {
        from.receive(
            PooledByteBufAllocator.DEFAULT.directBuffer(template.length).writeBytes(template));
      }
      loop1.runAll();
      loop2.runAll();
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }
}
