/// The codervpn engine: the protocol between a *manager*, which may change the operating system,
/// and a *tunnel*, which moves packets; both roles, compatible on the wire with the tunnels of
/// `github.com/coder/coder` and the managers of Coder Desktop.
///
/// [Speaker][io.penstock.protocol.codervpn.Speaker] is one end of a stream: header, frames,
/// requests and replies. [PeerTable][io.penstock.protocol.codervpn.PeerTable] is what either end
/// knows of the peers. The wire and the places where we deviate from the originals are described in
/// `docs/protocol/codervpn.md`, the messages in `codervpn.proto`. The driver in
/// `io.penstock.transport.codervpn` calls the engine, always on the event loop of the connection;
/// the engine itself starts no thread and reads no clock.
package io.penstock.protocol.codervpn;
