package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A router in virtual time with two event loops and nodes in memory.
final class TestNetwork implements AutoCloseable {

  static final String GATEWAY_4 = "10.64.0.1";
  static final String GATEWAY_6 = "fd00:64::1";

  /// A node with the tunnel it has now.
  final class TestNode {

    private final UUID id = UUID.randomUUID();
    private final String name;
    private final String user;
    private TestPort port;
    private Attached attached;

    private TestNode(String name, String user, TestLoop loop, List<LeasedAddress> addresses) {
      this.name = name;
      this.user = user;
      this.port = new TestPort(loop);
      this.attached = attach(NodeTunnel.Kind.NODE, addresses);
      ports.add(port);
    }

    private Attached attach(NodeTunnel.Kind kind, List<LeasedAddress> addresses) {
      return router.attach(new NodeTunnel(id, name, user, kind, addresses, port));
    }

    /// Comes back over a new tunnel; returns the older one.
    Attached reconnect(TestLoop loop, long generation, String... addresses) {
      Attached older = attached;
      port = new TestPort(loop);
      ports.add(port);
      attached = attach(NodeTunnel.Kind.NODE, leased(generation, addresses));
      return older;
    }

    UUID id() {
      return id;
    }

    TestPort port() {
      return port;
    }

    Attached attached() {
      return attached;
    }

    /// Sends a packet; what it makes due is done.
    void send(ByteBuf packet) {
      attached.receive(packet);
      settle();
    }

    /// The next packet that came to it, null when none did. The test must release it.
    @Nullable ByteBuf poll() {
      return port.sent().poll();
    }

    /// Takes the next packet, which must have come, and looks at it.
    IpPacket next() {
      ByteBuf packet = poll();
      assertThat(packet).as("a packet for " + name).isNotNull();
      IpPacket view = new IpPacket();
      assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
      packet.release();
      return view;
    }

    void hasNothing() {
      assertThat(port.sent()).as("packets for " + name).isEmpty();
    }

    /// Releases what came to it, and says how many packets that were.
    int drain() {
      int count = 0;
      for (ByteBuf packet = poll(); packet != null; packet = poll()) {
        packet.release();
        count++;
      }
      return count;
    }
  }

  final TestLoop loop1 = new TestLoop();
  final TestLoop loop2 = new TestLoop();
  final Router router;
  private final List<TestPort> ports = new ArrayList<>();
  private final long inUseBefore = Packets.bytesInUse();
  private long nowNanos = -1_000_000_000L;

  TestNetwork(RouterConfig config, OverlayPolicy policy) {
    router =
        new Router(
            config,
            List.of(Packets.address(GATEWAY_4), Packets.address(GATEWAY_6)),
            policy,
            () -> nowNanos,
            0x1234_5678_9abc_def0L);
  }

  static List<LeasedAddress> leased(long generation, String... addresses) {
    return Arrays.stream(addresses)
        .map(address -> new LeasedAddress(Packets.address(address), generation))
        .toList();
  }

  TestNode node(String name, String user, TestLoop loop, String... addresses) {
    TestNode node = new TestNode(name, user, loop, leased(1, addresses));
    settle();
    return node;
  }

  /// Lets both loops do what is due.
  void settle() {
    boolean any = true;
    while (any) {
      any = loop1.runAll();
      any |= loop2.runAll();
    }
  }

  void pass(Duration time) {
    nowNanos += time.toNanos();
  }

  long drops(DropReason reason) {
    return router.report().drops().getOrDefault(reason, 0L);
  }

  @Override
  public void close() {
    router.close();
    settle();
    assertThat(router.report().queuedBytes()).isZero();
    for (TestPort port : ports) {
      port.sent().forEach(ByteBuf::release);
      port.sent().clear();
    }
    assertThat(Packets.bytesInUse()).as("bytes that were not released").isEqualTo(inUseBefore);
  }
}
