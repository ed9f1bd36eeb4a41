/// A small HTTP/1.1 server (RFC 9112) for the gateway's own APIs: a list of endpoints, limits, and
/// errors as problem+json (RFC 9457).
///
/// It carries the admin API on a listener of its own and the client API on the tunnel port. One
/// request at a time on each connection; it is read whole, within byte and time limits, and
/// answered by a handler on a virtual thread, which may block: with something whole, or with a
/// stream of events, at the pace of its reader. Visitors' traffic never passes here; that is the
/// ingress.
@NullMarked
package io.penstock.gateway.web;

import org.jspecify.annotations.NullMarked;
