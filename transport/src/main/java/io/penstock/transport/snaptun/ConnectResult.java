package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.TunnelEnd;

/// What became of a client's attempt to establish a tunnel.
public sealed interface ConnectResult {

  /// The tunnel is established.
  record Connected(TunnelReceiver receiver, TunnelSender sender, ClientControl control)
      implements ConnectResult {}

  /// It is not, and the connection is closed.
  ///
  /// @param end why: no token, a refusal, out of time, or a connection that ended
  record Refused(TunnelEnd end) implements ConnectResult {}
}
