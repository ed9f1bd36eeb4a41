/// Packet tunnels over QUIC: the drivers of the snaptun engine on a Netty `QuicChannel`, as a
/// library for servers and for clients.
///
/// [SnapTunServer][io.penstock.transport.snaptun.SnapTunServer] and
/// [SnapTunClient][io.penstock.transport.snaptun.SnapTunClient] turn an established connection into
/// a receiver for packets, a sender and a control handle. The connection's endpoint is made with
/// the handlers of [SnapTunHandlers][io.penstock.transport.snaptun.SnapTunHandlers]. The protocol
/// is described in `docs/protocol/snaptun.md`. Everything about one tunnel runs on the event loop
/// of its connection; what may block (judging tokens, allocating addresses, fetching tokens) runs
/// on an executor that the owner gives.
package io.penstock.transport.snaptun;
