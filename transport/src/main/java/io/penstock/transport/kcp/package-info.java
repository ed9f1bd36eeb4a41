/// KCP sessions as Netty channels over one UDP socket.
///
/// [io.penstock.transport.kcp.KcpServerChannel] is bootstrapped like a TCP server channel and
/// accepts a [io.penstock.transport.kcp.KcpChannel] for each address that opens a conversation; the
/// same type, bootstrapped by a client, binds a UDP socket of its own. TLS and everything else go
/// on top as over TCP. The protocol itself is `io.penstock.protocol.kcp`.
///
/// A UDP socket and all its sessions run on one event loop. The gateway and the agent call this
/// package; its methods run on that loop unless they say otherwise.
package io.penstock.transport.kcp;
