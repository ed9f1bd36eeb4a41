package io.penstock.protocol.netstack.udp;

/// What the network has reported by ICMP about datagrams of a connected socket.
public enum UdpError {
  /// Nobody listens on the port at the other end.
  PORT_UNREACHABLE,
  /// No way leads to the other end, or somebody forbids it.
  UNREACHABLE,
  /// The datagram went round in circles, or its fragments did not all arrive.
  TIME_EXCEEDED
}
