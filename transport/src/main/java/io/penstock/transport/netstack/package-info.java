/// The TCP/IP stack on an event loop: its connections, listeners and UDP sockets as Netty channels.
///
/// [io.penstock.transport.netstack.NetStackDriver] owns a [io.penstock.protocol.netstack.NetStack]
/// and one [io.penstock.transport.netstack.Link], over which its packets travel: to another stack
/// of this process, through a packet tunnel, or to the Linux kernel. Its channels,
/// [io.penstock.transport.netstack.NetstackChannel],
/// [io.penstock.transport.netstack.NetstackServerChannel] and
/// [io.penstock.transport.netstack.NetstackDatagramChannel], are bootstrapped like any other, on
/// the driver's event loop.
///
/// Specifications: those of [io.penstock.protocol.netstack]; here is no decision of a protocol.
/// Called by whoever embeds a node. Everything but what says otherwise happens on the event loop of
/// the driver.
package io.penstock.transport.netstack;
