package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.Executor;

/// The end of a tunnel at which the router puts packets in; the composition has one for each.
///
/// All but [#loop] and [#inLoop] is called on the loop alone.
public interface TunnelPort {

  /// What became of a packet.
  enum Sent {
    /// Taken; it is on its way after the next [#flush].
    SENT,
    /// Not taken: the packet is still the caller's, and [#onRoom]'s listener tells when to try
    /// again.
    FULL,
    /// Taken and dropped: it is larger than the path takes now.
    TOO_BIG,
    /// Taken and dropped: the tunnel has ended.
    CLOSED
  }

  /// The event loop of this tunnel. Ports on one loop return the same object.
  Executor loop();

  /// Says whether the caller is on that loop.
  boolean inLoop();

  /// The largest packet that the tunnel carries right now.
  int maxPayloadBytes();

  /// Hands a packet over.
  Sent send(ByteBuf packet);

  /// Sends what was handed over.
  void flush();

  /// Says that no address leads to the tunnel any more, though it has not ended and no newer one
  /// has taken over: the node should begin anew. Called on the loop.
  void displaced();

  /// Sets the one listener that runs on the loop each time there is room again after [Sent#FULL].
  void onRoom(Runnable drained);
}
