package io.penstock.protocol.netstack.udp;

/// What is wrong with the datagrams of a connected socket: mostly what the network reports by ICMP.
public enum UdpError {
  /// Nobody listens on the port at the other end.
  PORT_UNREACHABLE,
  /// No way leads to the other end, or somebody forbids it.
  UNREACHABLE,
  /// The datagram went round in circles, or its fragments did not all arrive.
  TIME_EXCEEDED,
  /// The address of ours from which the datagrams went is no longer ours.
  ADDRESS_CHANGED
}
