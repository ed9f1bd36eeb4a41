/// A TCP/IP stack as a library: one host with addresses, TCP, UDP and ICMP, without a kernel.
///
/// [NetStack] is the engine. A driver gives it the packets of one link and the time, takes the
/// packets that it wants to send, and hands its connections and sockets to their owners. Below it
/// are `ip` (addresses, fragments, paths), `icmp`, `udp`, `tcp`, `flow` (flows that nobody owns)
/// and `wire` (headers), none of which knows the stack. Each package names its specifications;
/// `docs/protocol/netstack.md` says what is built and what is not.
package io.penstock.protocol.netstack;
