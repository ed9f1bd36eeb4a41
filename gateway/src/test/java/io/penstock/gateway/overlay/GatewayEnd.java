package io.penstock.gateway.overlay;

import io.netty.buffer.ByteBuf;
import io.penstock.testkit.SimulatedEndpoint;
import io.penstock.testkit.VirtualLoop;
import io.penstock.transport.EngineLoop;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A [VirtualGateway] at its end of one link, with the tunnels that a node has over it: one for
/// each connection, of which an older one may still be there when a newer has begun.
public final class GatewayEnd implements SimulatedEndpoint {

  private final VirtualGateway gateway;
  private final VirtualLoop loop;
  private final ArrayDeque<ByteBuf> out = new ArrayDeque<>();
  private final Map<Long, VirtualTunnel> tunnels = new LinkedHashMap<>();
  private long newestConnection;

  GatewayEnd(VirtualGateway gateway, VirtualLoop loop) {
    this.gateway = gateway;
    this.loop = loop;
  }

  @Override
  public void receive(ByteBuf datagram, long nowNanos) {
    TunnelFrame frame = TunnelFrame.decode(datagram);
    Optional<VirtualTunnel> tunnel =
        Optional.ofNullable(tunnels.get(frame.connection())).or(() -> begin(frame));
    if (tunnel.isPresent()) {
      tunnel.get().receive(frame);
    } else {
      // Of a connection that has ended here.
      datagram.release();
    }
  }

  private Optional<VirtualTunnel> begin(TunnelFrame frame) {
    if (frame.kind() != TunnelFrame.Kind.REQUEST || frame.connection() <= newestConnection) {
      return Optional.empty();
    }
    Optional<VirtualTunnel> tunnel =
        gateway.running().map(run -> new VirtualTunnel(run, this, loop, frame.connection()));
    tunnel.ifPresent(
        begun -> {
          newestConnection = frame.connection();
          tunnels.put(frame.connection(), begun);
        });
    return tunnel;
  }

  void send(TunnelFrame frame) {
    out.add(frame.encode());
  }

  void ended(VirtualTunnel tunnel) {
    tunnels.remove(tunnel.connection(), tunnel);
  }

  /// Forgets everything, as memory that is gone.
  void forget() {
    List.copyOf(tunnels.values()).forEach(VirtualTunnel::vanish);
    tunnels.clear();
    out.forEach(ByteBuf::release);
    out.clear();
  }

  @Override
  public @Nullable ByteBuf transmit(long nowNanos) {
    return out.poll();
  }

  /// What another end's turn of the loop has brought here wants to be fetched.
  @Override
  public long nextDeadlineNanos() {
    return out.isEmpty() ? loop.nextDeadlineNanos() : EngineLoop.nowNanos(loop);
  }

  @Override
  public void onDeadline(long nowNanos) {
    loop.turn();
  }

  @Override
  public boolean work(long nowNanos) {
    return loop.turn();
  }
}
