package io.penstock.protocol.netstack;

import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.udp.UdpSocket;

/// What became of a flow without an owner that somebody accepted.
public sealed interface AcceptedFlow {

  /// A connection whose handshake goes on; whoever accepted it owns it.
  record Tcp(TcpConnection connection) implements AcceptedFlow {}

  /// A connected socket in which the first datagrams wait.
  record Udp(UdpSocket socket) implements AcceptedFlow {}

  /// The flow is no longer pending, or the stack has no room for it.
  record Gone() implements AcceptedFlow {}
}
