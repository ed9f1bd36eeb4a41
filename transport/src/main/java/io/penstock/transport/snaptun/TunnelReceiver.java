package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;

/// Receives the packets that the peer sends through a tunnel.
public final class TunnelReceiver {

  private final PacketPath path;

  TunnelReceiver(PacketPath path) {
    this.path = path;
  }

  /// Sets who takes the packets; until then they are dropped and counted.
  ///
  /// The consumer is called on the tunnel's event loop with each packet, which it then owns. May be
  /// called from any thread and takes effect at once.
  public void onPacket(Consumer<ByteBuf> consumer) {
    path.onPacket(consumer);
  }
}
