package io.penstock.protocol.netstack.udp;

/// What has become of a datagram to be sent. Its payload has been released in any case.
public enum UdpSend {
  /// It waits for the link.
  SENT,
  /// The queue of packets is full; the datagram is dropped, as the network might have done.
  QUEUE_FULL,
  /// It is longer than a datagram can be.
  TOO_LONG,
  /// The destination has no address or port, or we have no address of its version.
  NO_ROUTE,
  /// The socket is closed.
  CLOSED
}
