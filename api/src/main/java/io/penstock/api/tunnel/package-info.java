/// The first words on a reverse tunnel: what an agent says on the control stream, what our gateway
/// answers, and the names by which both ends recognise each other.
///
/// The original protocol (`docs/protocol/tun2.md`) knows `token` and `domain` and no answer; the
/// other fields are spoken only where TLS selected [TunnelNames#ALPN_AGENT]. Used by the gateway on
/// its virtual threads and by the agent on its event loop; everything here is immutable but the
/// scanner.
package io.penstock.api.tunnel;
