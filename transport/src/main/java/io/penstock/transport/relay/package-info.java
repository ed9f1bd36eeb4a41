/// HTTP/1.1 between two Netty channels.
///
/// [HttpExchange] carries one request and its response (RFC 9110, RFC 9112): heads are parsed
/// strictly and written anew by their owner, bodies pass by their framing without being decoded or
/// gathered. It sees the far channel through a [FarEnd], which hides whether it lives on the same
/// event loop.
///
/// [HttpConnection] is the server's end of a connection with one exchange after another.
///
/// The ingress of the gateway, the app proxy of the agent and the served ports of a node call this.
/// Everything runs on the event loop of the near channel; only [FarEnd] crosses to the other, one
/// task per batch.
@NullMarked
package io.penstock.transport.relay;

import org.jspecify.annotations.NullMarked;
