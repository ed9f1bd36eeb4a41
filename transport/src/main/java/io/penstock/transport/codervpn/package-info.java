/// The driver of codervpn: both roles over any Netty channel, with handlers that may block and
/// calls that end on time.
///
/// [TunnelConnection][io.penstock.transport.codervpn.TunnelConnection] and
/// [ManagerConnection][io.penstock.transport.codervpn.ManagerConnection] are the two ends. They are
/// made by whoever owns the channel: a Unix socket (see
/// [NativeSupport][io.penstock.transport.NativeSupport]), or standard input and output
/// ([PipeChannel][io.penstock.transport.codervpn.PipeChannel]). The engine runs on the channel's
/// event loop; the owner's handlers run on virtual threads, one at a time.
package io.penstock.transport.codervpn;
