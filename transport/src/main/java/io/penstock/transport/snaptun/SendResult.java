package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.TunnelEnd;

/// What became of a packet that was to be sent.
///
/// After [Outcome#FULL] and [NewAssignedAddress] the packet is still the caller's; after anything
/// else it was released or will be.
public sealed interface SendResult {

  /// The results that say no more than their name.
  enum Outcome implements SendResult {
    /// It is on its way; from another thread: it was handed to the event loop.
    SENT,
    /// There is no room, or there was none for as long as it might wait.
    FULL,
    /// It is larger than the path carries.
    TOO_BIG
  }

  /// The addresses of the tunnel have changed since the sender was made; nothing was sent.
  ///
  /// @param sender for the new addresses; the old sender keeps giving this answer
  record NewAssignedAddress(TunnelSender sender) implements SendResult {}

  /// The tunnel is over.
  record ClosedTunnel(TunnelEnd end) implements SendResult {}
}
