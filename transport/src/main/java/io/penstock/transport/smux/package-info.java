/// The smux driver: gives the smux engine a Netty channel as its wire, and each stream a channel.
///
/// [SmuxConnection][io.penstock.transport.smux.SmuxConnection] is the last handler of a connection
/// (TCP, TLS or KCP below it); each of its streams is a
/// [SmuxStreamChannel][io.penstock.transport.smux.SmuxStreamChannel] on the same event loop.
/// Everything runs on that loop. See `docs/protocol/smux.md` for the protocol.
package io.penstock.transport.smux;
