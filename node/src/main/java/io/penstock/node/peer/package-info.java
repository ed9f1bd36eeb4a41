/// What a node knows of the others: names, addresses, leases, kept up to date from its gateway.
///
/// [io.penstock.node.peer.PeerBook] is the knowledge, [io.penstock.node.peer.PeerFollower] listens
/// to the gateway's server-sent events (`docs/protocol/peers.md`) on a virtual thread. Nothing is
/// ever asked of the host's DNS. The node calls it, from any thread.
@NullMarked
package io.penstock.node.peer;

import org.jspecify.annotations.NullMarked;
