/// A small HTTP/1.1 server (RFC 9112) for the product's own APIs: a list of endpoints, limits, and
/// errors as problem+json (RFC 9457).
///
/// It carries the gateway's admin API on a listener of its own, the client API on the tunnel port,
/// and the local API of a node on a Unix socket: it is the end of any pipeline that carries plain
/// bytes. One request at a time on each connection; it is read whole, within byte and time limits,
/// and answered by a handler on a virtual thread, which may block: with something whole, or with a
/// stream of events, at the pace of its reader. Visitors' traffic never passes here; that is the
/// ingress.
@NullMarked
package io.penstock.api.web;

import org.jspecify.annotations.NullMarked;
