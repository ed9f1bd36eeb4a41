/// The sample app of `penstock demo`, and the visitor that checks a tunnel by using it.
///
/// The app is a small HTTP/1.1 server on loopback: a page, a WebSocket echo, a stream of
/// server-sent events, an upload sink and a download of any size, all with checksums where bytes
/// matter. The visitor speaks raw HTTP over a socket, because it dials the gateway's address and
/// sets `Host` itself. Specs: RFC 9112 (HTTP/1.1), RFC 6455 (WebSocket), the HTML standard
/// (server-sent events).
///
/// Callers are the `demo` command and tests. The app runs on an event loop of its own; the visitor
/// blocks the thread that calls it.
@NullMarked
package io.penstock.node.demo;

import org.jspecify.annotations.NullMarked;
