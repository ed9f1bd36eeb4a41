package io.penstock.protocol.netstack.udp;

import io.penstock.protocol.netstack.wire.IpEndpoint;

/// What has come of the wish for a socket.
public sealed interface UdpBind {

  /// There it is.
  record Bound(UdpSocket socket) implements UdpBind {}

  /// There is none.
  ///
  /// @param local what was asked for
  record Refused(Reason reason, IpEndpoint local) implements UdpBind {}

  /// Why there is none.
  enum Reason {
    /// Another socket has the same address and port.
    ADDRESS_IN_USE,
    /// The address is not ours.
    NOT_OUR_ADDRESS,
    /// All ports that could be drawn are taken.
    NO_FREE_PORT,
    /// There are as many sockets as there may be.
    TOO_MANY_SOCKETS
  }
}
