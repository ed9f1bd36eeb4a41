package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.gateway.overlay.router.AllowRule.Protocol;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/// A router with three nodes for as many packets as one likes: each tunnel takes every packet at
/// once and releases it.
///
/// Two nodes of one user are on one event loop, a third of another user, to whom a rule lets UDP
/// pass, is on a second loop. All of it runs on the thread that calls it.
final class SteadyRouter implements AutoCloseable {

  private final TestLoop loop1 = new TestLoop();
  private final TestLoop loop2 = new TestLoop();
  final Router router;
  final Attached a;
  final Attached own;
  final Attached other;

  SteadyRouter(LongSupplier nanoTime) {
    AllowRule rule =
        new AllowRule(Party.parse("user:ann"), Party.parse("user:bob"), Protocol.UDP, List.of());
    router =
        new Router(
            RouterConfig.DEFAULT,
            List.of(Packets.address("10.64.0.1"), Packets.address("fd00:64::1")),
            new OverlayPolicy(List.of(rule)),
            nanoTime,
            9);
    a = attach("10.64.0.2", "ann", loop1);
    own = attach("10.64.0.3", "ann", loop1);
    other = attach("10.64.0.4", "bob", loop2);
  }

  private Attached attach(String address, String user, TestLoop loop) {
    List<LeasedAddress> leased = List.of(new LeasedAddress(Packets.address(address), 1));
    return router.attach(
        new NodeTunnel(
            UUID.randomUUID(),
            address,
            user,
            NodeTunnel.Kind.NODE,
            leased,
            new ReleasingPort(loop)));
  }

  /// Brings copies of a packet from the pooled allocator, as many as come in one turn, and runs
  /// both loops.
  void turn(Attached from, byte[] packet, int packets) {
    for (int i = 0; i < packets; i++) {
      from.receive(PooledByteBufAllocator.DEFAULT.directBuffer(packet.length).writeBytes(packet));
    }
    runLoops();
  }

  private void runLoops() {
    loop1.runAll();
    loop2.runAll();
  }

  /// The bytes of a UDP packet.
  static byte[] udp(String from, String to, int sourcePort, int destinationPort, int dataBytes) {
    ByteBuf packet = Packets.udp(from, to, sourcePort, destinationPort, dataBytes);
    byte[] bytes = new byte[packet.readableBytes()];
    packet.readBytes(bytes);
    packet.release();
    return bytes;
  }

  @Override
  public void close() {
    router.close();
    runLoops();
  }

  private record ReleasingPort(Executor loop) implements TunnelPort {

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
}
