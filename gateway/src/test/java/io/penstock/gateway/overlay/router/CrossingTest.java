package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.penstock.transport.NativeSupport;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Packets between real event loops: none is lost unseen, none comes out of order.
class CrossingTest {

  private static final int PACKETS = 200_000;
  private static final int IN_FLIGHT = 1_000;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final EventLoop loopA = group.next();
  private final EventLoop loopB = group.next();
  private final Router router =
      new Router(
          RouterConfig.DEFAULT, List.of(), OverlayPolicy.SAME_USER_ONLY, System::nanoTime, 7);
  private final long inUseBefore = Packets.bytesInUse();

  @AfterEach
  void close() {
    router.close();
    NativeSupport.endEventLoops(group, Duration.ofSeconds(5)).syncUninterruptibly();
    assertThat(Packets.bytesInUse()).isEqualTo(inUseBefore);
  }

  /// Checks that the numbers in the packets go up by one.
  private static final class CountingPort implements TunnelPort {

    private final EventLoop loop;
    private final AtomicInteger arrived = new AtomicInteger();
    private final AtomicInteger outOfOrder = new AtomicInteger();

    CountingPort(EventLoop loop) {
      this.loop = loop;
    }

    @Override
    public Executor loop() {
      return loop;
    }

    @Override
    public boolean inLoop() {
      return loop.inEventLoop();
    }

    @Override
    public int maxPayloadBytes() {
      return 1280;
    }

    @Override
    public Sent send(ByteBuf packet) {
      if (packet.getInt(28) != arrived.get() || !inLoop()) {
        outOfOrder.incrementAndGet();
      }
      packet.release();
      arrived.incrementAndGet();
      return Sent.SENT;
    }

    @Override
    public void flush() {}

    @Override
    public void onRoom(Runnable drained) {}

    @Override
    public void displaced() {}
  }

  private Attached attach(String address, CountingPort port) {
    return router.attach(
        new NodeTunnel(
            UUID.randomUUID(),
            address,
            "ann",
            NodeTunnel.Kind.NODE,
            TestNetwork.leased(1, address),
            port));
  }

  @Test
  void both_directions_at_once_deliver_everything_in_order() {
    CountingPort portA = new CountingPort(loopA);
    CountingPort portB = new CountingPort(loopB);
    Attached a = attach("10.64.0.2", portA);
    Attached b = attach("10.64.0.3", portB);
    send(loopA, a, "10.64.0.2", "10.64.0.3", portB, 0);
    send(loopB, b, "10.64.0.3", "10.64.0.2", portA, 0);

    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> portA.arrived.get() == PACKETS && portB.arrived.get() == PACKETS);
    for (CountingPort port : List.of(portA, portB)) {
      assertThat(port.outOfOrder.get()).isZero();
    }
    assertThat(router.report().drops().values()).containsOnly(0L);
  }

  /// Sends as much as may be under way, and goes on in a task of its own.
  private static void send(
      EventLoop loop, Attached from, String source, String to, CountingPort port, int next) {
    loop.execute(
        () -> {
          int number = next;
          while (number < PACKETS && number - port.arrived.get() < IN_FLIGHT) {
            ByteBuf packet = Packets.udp(source, to, 1, 2, 20);
            packet.setInt(28, number++);
            from.receive(packet);
          }
          if (number < PACKETS) {
            send(loop, from, source, to, port, number);
          }
        });
  }

  @Test
  void tunnels_that_come_and_go_lose_no_buffer() {
    CountingPort portB = new CountingPort(loopB);
    Attached b = attach("10.64.0.3", portB);
    for (int round = 0; round < 200; round++) {
      CountingPort port = new CountingPort(loopA);
      Attached a = attach("10.64.0.2", port);
      loopA.execute(
          () -> {
            for (int i = 0; i < 50; i++) {
              a.receive(Packets.udp("10.64.0.2", "10.64.0.3", 1, 2, 20));
            }
          });
      loopB.execute(
          () -> {
            for (int i = 0; i < 50; i++) {
              b.receive(Packets.udp("10.64.0.3", "10.64.0.2", 1, 2, 20));
            }
          });
      if (round % 3 == 0) {
        a.detach();
      }
    }
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () -> {
              RouterReport report = router.report();
              long dropped = report.drops().values().stream().mapToLong(Long::longValue).sum();
              return report.receivedPackets() == 20_000 && report.sentPackets() + dropped == 20_000;
            });
  }
}
