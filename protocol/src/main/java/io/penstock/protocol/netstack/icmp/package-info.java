/// What ICMP and ICMPv6 say: errors about a packet, and echo.
///
/// Specifications: RFC 792, 1122 section 3.2.2 and 1812 section 4.3 for IPv4, RFC 4443 for IPv6,
/// RFC 1191 for the MTU in "fragmentation needed". Messages are whole IP packets, written into a
/// buffer of the caller; nothing is allocated and no limit is kept here, so that the caller bounds
/// the rate of errors. The overlay router and the TCP/IP stack call it, each on its own thread.
package io.penstock.protocol.netstack.icmp;
