/// A small DNS server for one machine: names of some zones are asked of the servers of those zones,
/// all others of the servers that the machine had before, and neither ever of the other's.
///
/// [io.penstock.node.vpn.dns.SplitResolver] listens over UDP and TCP (RFC 1035, section 4.2; RFC
/// 7766) and passes on whole messages; it understands the header and the question and keeps
/// nothing. Started by [io.penstock.node.vpn.os] where systemd-resolved does not run. Everything
/// happens on one event loop.
@NullMarked
package io.penstock.node.vpn.dns;

import org.jspecify.annotations.NullMarked;
