/// The reverse tunnel's client: it makes a local web app reachable through a gateway.
///
/// Start with [Agent]. The protocol is that of `docs/protocol/tun2.md`; with a gateway of the
/// original kind the agent speaks the original dialect. Callers may use any thread. Inside, each
/// connection to the gateway lives on one event loop with all its streams.
@NullMarked
package io.penstock.node.agent;

import org.jspecify.annotations.NullMarked;
