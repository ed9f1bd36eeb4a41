/// The overlay as a whole: takes the QUIC connections of nodes, lets them renew sessions and lease
/// addresses, and puts their packets into the router.
///
/// The rooms below each do one thing and know nothing of each other: `session` who may come in,
/// `lease` which address a node has, `router` where a packet goes, `peer` who is there. This room
/// alone joins them, and knows QUIC. [Overlay] is called by the gateway; tunnels run on the event
/// loops of their connections, sessions and leases on virtual threads.
@NullMarked
package io.penstock.gateway.overlay;

import org.jspecify.annotations.NullMarked;
