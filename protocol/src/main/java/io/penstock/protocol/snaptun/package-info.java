/// The snaptun engine: the control protocol of a packet tunnel over one QUIC connection, both
/// roles, compatible on the wire with the Rust crate `snap-tun` 0.1.0.
///
/// [ServerTunnel][io.penstock.protocol.snaptun.ServerTunnel] and
/// [ClientTunnel][io.penstock.protocol.snaptun.ClientTunnel] are the two ends. Packets themselves
/// are QUIC datagrams without any framing and never pass through here. The wire and the places
/// where we deviate from the original are described in `docs/protocol/snaptun.md`. The driver in
/// `io.penstock.transport.snaptun` calls an engine, always on the event loop of its connection;
/// only [TunnelStates][io.penstock.protocol.snaptun.TunnelStates] may be read from any thread.
package io.penstock.protocol.snaptun;
