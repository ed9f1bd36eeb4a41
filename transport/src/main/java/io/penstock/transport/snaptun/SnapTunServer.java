package io.penstock.transport.snaptun;

import io.netty.handler.codec.quic.QuicChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/// Turns QUIC connections into packet tunnels: the server's side of snaptun.
///
/// The connections are the caller's; their endpoint is made with [SnapTunHandlers#server] and
/// offers [io.penstock.protocol.snaptun.SnapTun#ALPN]. One server serves any number of connections
/// on any number of event loops.
///
/// ```java
/// var server = new SnapTunServer<>(config, validator, allocator, virtualThreads);
/// var handlers = SnapTunHandlers.server(connection ->
///     server.acceptWithTimeout(connection).thenAccept(result -> …));
/// ```
///
/// @param <T> what a valid token says
public final class SnapTunServer<T> {

  private final OutsideWork<T> outside;
  private final SnapTunMetrics metrics = new SnapTunMetrics();

  /// @param blocking where validator and allocator run; with virtual threads they may block as they
  ///   like
  public SnapTunServer(
      SnapTunServerConfig config,
      TokenValidator<T> validator,
      AddressAllocator<T> allocator,
      Executor blocking) {
    outside = new OutsideWork<>(config, validator, allocator, blocking);
  }

  /// Has the peer of an established connection renew its session and ask for an address, within the
  /// accept timeout, which begins now.
  ///
  /// Completes on the connection's event loop. When it is not accepted the connection is closed.
  /// From then on the tunnel runs by itself until it ends.
  ///
  /// May be called from any thread, once for a connection, and best on its event loop as soon as it
  /// is active: datagrams that come before are lost.
  public CompletionStage<AcceptResult<T>> acceptWithTimeout(QuicChannel connection) {
    if (connection.eventLoop().inEventLoop()) {
      return accept(connection);
    }
    return CompletableFuture.supplyAsync(() -> accept(connection), connection.eventLoop())
        .thenCompose(accepted -> accepted);
  }

  /// What all tunnels of this server do.
  public SnapTunMetrics metrics() {
    return metrics;
  }

  private CompletionStage<AcceptResult<T>> accept(QuicChannel connection) {
    return new ServerDriver<>(connection, outside, metrics).start();
  }
}
