/// A packet tunnel of an overlay node, kept up: it buys sessions, dials the gateway over QUIC, asks
/// for its addresses, renews, and comes back when the link was lost.
///
/// Start with [PacketTunnel]. How sessions are bought is told in `docs/protocol/sessions.md`, what
/// travels in the tunnel's protocol (snaptun). Embedders, the TCP/IP stack and `penstock ping` use
/// it from any thread; packets come on the tunnel's one event loop, where everything inside runs
/// too, except for what blocks.
@NullMarked
package io.penstock.node.tunnel;

import org.jspecify.annotations.NullMarked;
