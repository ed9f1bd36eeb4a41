/// Who else is in the overlay, and under which names: the directory of nodes that have addresses,
/// its changes as server-sent events, and the DNS zone made from it (RFC 1035).
///
/// The specification is `docs/protocol/peers.md`. [PeerDirectory] hears of leases from the address
/// pool, [PeerApi] serves the client API on virtual threads, [OverlayResolver] answers on whatever
/// thread delivers packets to the gateway's own address and never blocks.
@NullMarked
package io.penstock.gateway.overlay.peer;

import org.jspecify.annotations.NullMarked;
