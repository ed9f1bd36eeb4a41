package io.penstock.gateway.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.gateway.overlay.router.TunnelPort;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.transport.snaptun.AcceptResult;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.TunnelControl;
import io.penstock.transport.snaptun.TunnelSender;
import java.util.concurrent.Executor;

/// One accepted tunnel, as the router puts packets into it and as administrators end it.
///
/// The router calls it on the tunnel's event loop; [#claims] and [#end] may be called from any
/// thread.
final class NodeLink implements TunnelPort, LiveTunnels.Tunnel {

  /// What the protocol has for a session that is no more, whatever the cause.
  private static final int SESSION_ENDED = 4;

  private final EventLoop loop;
  private final TunnelControl<TunnelSession> control;
  private TunnelSender sender;

  NodeLink(AcceptResult.Accepted<TunnelSession> tunnel) {
    this.loop = tunnel.sender().eventLoop();
    this.control = tunnel.control();
    this.sender = tunnel.sender();
  }

  TunnelControl<TunnelSession> control() {
    return control;
  }

  // ---- for the router ----

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
    return sender.maxPayloadBytes();
  }

  @Override
  public Sent send(ByteBuf packet) {
    return switch (sender.write(packet)) {
      case SendResult.Outcome.SENT -> Sent.SENT;
      case SendResult.Outcome.FULL -> Sent.FULL;
      case SendResult.Outcome.TOO_BIG -> Sent.TOO_BIG;
      case SendResult.ClosedTunnel _ -> Sent.CLOSED;
      case SendResult.NewAssignedAddress(TunnelSender current) -> {
        // The router has routed by the addresses that hold now, so the packet is for them.
        sender = current;
        yield send(packet);
      }
    };
  }

  @Override
  public void flush() {
    sender.flush();
  }

  @Override
  public void displaced() {
    end(LiveTunnels.EndCause.DISPLACED);
  }

  @Override
  public void onRoom(Runnable drained) {
    sender.onRoom(drained);
  }

  // ---- for whoever ends it ----

  @Override
  public NodeClaims claims() {
    return control.claims().claims();
  }

  @Override
  public void end(LiveTunnels.EndCause cause) {
    control.close(SESSION_ENDED, cause.text());
  }
}
