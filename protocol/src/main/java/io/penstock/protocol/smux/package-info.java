/// The smux engine: many ordered byte streams over one reliable connection, protocol versions 1 and
/// 2, compatible on the wire with `github.com/xtaci/smux`.
///
/// [SmuxSession][io.penstock.protocol.smux.SmuxSession] is one end of a connection and
/// [SmuxStream][io.penstock.protocol.smux.SmuxStream] one of its streams. The wire and the places
/// where we deviate from the original are described in `docs/protocol/smux.md`. The driver in
/// `io.penstock.transport.smux` calls the engine, always on the event loop of the connection below
/// it; the engine itself starts no thread and reads no clock.
package io.penstock.protocol.smux;
