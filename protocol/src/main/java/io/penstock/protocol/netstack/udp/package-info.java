/// UDP over the stack: sockets that are bound, connected or wildcards, and the datagrams between
/// them and the packets.
///
/// Specifications: RFC 768, 1122 section 4.1, 8200 section 8.1 (checksums over IPv6), 8085 (path
/// MTU), 6056 (random ports). The stack hands in packets and takes the outgoing ones from its
/// [io.penstock.protocol.netstack.ip.OutputQueue]; the driver of a socket calls the socket. All on
/// the thread of the stack.
package io.penstock.protocol.netstack.udp;
