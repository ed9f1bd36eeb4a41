/// KCP: a reliable stream of bytes over datagrams, wire compatible with kcp-go without its forward
/// error correction and encryption.
///
/// [io.penstock.protocol.kcp.KcpSession] is one end of one conversation. KCP has no specification;
/// `docs/protocol/kcp.md` holds its facts. The driver in `io.penstock.transport.kcp` calls a
/// session on the event loop of its UDP socket; a test calls it in virtual time.
package io.penstock.protocol.kcp;
