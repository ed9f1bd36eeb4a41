/// The public side of the gateway: HTTP/1.1 listeners, route lookup, and the pages that say what
/// went wrong.
///
/// A visitor's request is parsed strictly (RFC 9112, with every ambiguity refused), matched to the
/// most specific [Route], and relayed over one stream of the [Upstream] that the backend room
/// chose. The machinery that carries heads and bodies is [io.penstock.transport.relay]; this
/// package decides.
///
/// The gateway builds one [Ingress] and hands it listeners. Everything about one visitor connection
/// runs on the event loop of its channel; [RouteTable] and [IngressCounters] are safe from any
/// thread.
@NullMarked
package io.penstock.gateway.ingress;

import org.jspecify.annotations.NullMarked;
