/// The headers of IPv4, IPv6, TCP, UDP and ICMP, read and written where they lie in a buffer.
///
/// Specifications: RFC 791 and 1812 (IPv4), 8200 (IPv6), 9293 (TCP), 768 (UDP), 792 and 4443
/// (ICMP), 1071 and 1624 (checksum). The accessors are static and take the buffer and the offset at
/// which the header begins; [IpPacket][io.penstock.protocol.netstack.wire.IpPacket] is the one view
/// that keeps what it found, made once and used again for each packet. Nothing here allocates,
/// except the methods that make text. An IPv4 address is an `int`, an IPv6 address two `long`
/// values, high half first; both in the order of the network.
///
/// The overlay router and the TCP/IP stack call it, each on its own thread.
package io.penstock.protocol.netstack.wire;
