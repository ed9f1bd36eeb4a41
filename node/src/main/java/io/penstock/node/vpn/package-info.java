/// Both roles of codervpn over a node of the overlay (`docs/protocol/codervpn.md`).
///
/// [io.penstock.node.vpn.VpnTunnel] does what a manager asks over a stream: it starts a node, has
/// the manager change the network settings, tells it of the peers and forwards log records. Where
/// the node's packets go is said by [io.penstock.node.vpn.PacketDevices].
/// [io.penstock.node.vpn.VpnManager] is the other end: it starts and watches a tunnel, and gives
/// the settings that it asks for to an [io.penstock.node.vpn.os.OsNetwork]. Whoever has a stream
/// between the two adds a handler to each end; the work is done on virtual threads.
@NullMarked
package io.penstock.node.vpn;

import org.jspecify.annotations.NullMarked;
