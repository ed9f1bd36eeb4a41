/// Backends outside of the overlay: connections to them over TCP, TLS or a Unix socket, kept while
/// idle, and one HTTP request at a time on each.
///
/// [io.penstock.node.backend.BackendConnections] opens host sockets to the address in its
/// [io.penstock.node.backend.BackendConfig] and to nothing else;
/// [io.penstock.node.backend.BackendExchange] passes one request on ([io.penstock.transport.relay]
/// carries heads and bodies). The agent's app proxy and the served ports of a node call this, on
/// the event loop of the near channel.
@NullMarked
package io.penstock.node.backend;

import org.jspecify.annotations.NullMarked;
