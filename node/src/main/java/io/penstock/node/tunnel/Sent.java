package io.penstock.node.tunnel;

/// What became of a packet that was to go through a tunnel.
///
/// After [#FULL] the packet is still the caller's; after anything else it was released or will be.
public enum Sent {
  /// It is on its way; from another thread than the event loop: it was handed over.
  SENT,
  /// There is no room, or there was none for as long as it might wait.
  FULL,
  /// It is larger than the path carries, see [PacketTunnel#mtu].
  TOO_BIG,
  /// There is no tunnel right now.
  NOT_CONNECTED
}
