/// HTTP/2 streams as if they were HTTP/1.1 connections of one request each.
///
/// [io.penstock.transport.http2.Http2ServerStream] and
/// [io.penstock.transport.http2.Http2ClientStream] stand in the pipeline of a stream of Netty's
/// HTTP/2 codec and turn its frames into the bytes of HTTP/1.1 and back (RFC 9113 section 8), so
/// that [io.penstock.transport.relay] carries both versions and exists once. Trailers pass, which
/// gRPC needs; server push and CONNECT do not.
///
/// Whoever serves HTTP/2 or speaks it to a backend calls this. Everything runs on the event loop of
/// the HTTP/2 connection.
@NullMarked
package io.penstock.transport.http2;

import org.jspecify.annotations.NullMarked;
