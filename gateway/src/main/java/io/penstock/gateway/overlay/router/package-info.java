/// The packet router of the overlay: IP packets come out of one tunnel and go into another.
///
/// A packet is validated, its source must be an address of the tunnel it came from, its destination
/// is looked up in an immutable snapshot, the policy is asked about the packet that opens a flow,
/// the hop limit is lowered, and the packet waits in the destination's fair queue until the tunnel
/// has room. What cannot be forwarded is counted by reason and, within a limit, answered by ICMP
/// (RFC 1812, 4443).
///
/// [Router][io.penstock.gateway.overlay.router.Router] is called from any thread to attach, hold
/// and release. Each tunnel has an event loop of its own through its
/// [TunnelPort][io.penstock.gateway.overlay.router.TunnelPort]; its packets are handled there, and
/// cross to another loop through bounded rings, one task per batch. Nothing on a packet's way
/// waits, and in a steady state nothing allocates. There is no QUIC in this package.
@NullMarked
package io.penstock.gateway.overlay.router;

import org.jspecify.annotations.NullMarked;
