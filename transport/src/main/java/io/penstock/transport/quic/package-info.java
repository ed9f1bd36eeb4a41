/// QUIC connections (RFC 9000) that carry unreliable datagrams (RFC 9221): one UDP socket per event
/// loop, the rules by which a peer is let in, and a datagram queue that never drops in silence.
///
/// Called by the packet tunnels on both ends. [QuicServer] and [QuicDialer] may be called from any
/// thread; everything about one connection runs on its event loop. Needs Netty's native QUIC, see
/// [io.penstock.transport.NativeSupport#quic].
package io.penstock.transport.quic;
