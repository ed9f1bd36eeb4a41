/// What ICMP and ICMPv6 say: errors about a packet, and echo.
///
/// Specifications: RFC 792, 1122 section 3.2.2 and 1812 section 4.3 for IPv4, RFC 4443 for IPv6,
/// RFC 1191 for the MTU in "fragmentation needed", RFC 5927 for what to believe.
/// [IcmpErrors][io.penstock.protocol.netstack.icmp.IcmpErrors] and
/// [IcmpEcho][io.penstock.protocol.netstack.icmp.IcmpEcho] are the messages as whole IP packets,
/// written into a buffer of the caller, without a limit of their own; the overlay router and the
/// TCP/IP stack call them, each on its own thread. The rest is what the stack does with messages.
package io.penstock.protocol.netstack.icmp;
