package io.penstock.transport.snaptun;

import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.protocol.snaptun.AddressRange;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/// Turns a QUIC connection into a packet tunnel: the client's side of snaptun.
///
/// The connection is the caller's; it is dialled with [SnapTunHandlers#client] and
/// [io.penstock.protocol.snaptun.SnapTun#ALPN]. One client serves any number of connections.
public final class SnapTunClient {

  private final SnapTunClientConfig config;
  private final Executor blocking;
  private final SnapTunMetrics metrics;

  /// @param blocking where token suppliers run
  public SnapTunClient(SnapTunClientConfig config, Executor blocking) {
    this(config, blocking, new SnapTunMetrics());
  }

  private SnapTunClient(SnapTunClientConfig config, Executor blocking, SnapTunMetrics metrics) {
    this.config = config;
    this.blocking = blocking;
    this.metrics = metrics;
  }

  /// The same client, with the same metrics, whose next tunnels are kept alive no less often than
  /// this, if at all.
  public SnapTunClient withKeepAliveWithin(Duration interval) {
    var tunnel = config.tunnel().withKeepAliveWithin(interval);
    return new SnapTunClient(config.withTunnel(tunnel), blocking, metrics);
  }

  /// Establishes a session with a token and asks for addresses.
  ///
  /// Completes on the connection's event loop. When it is refused the connection is closed. May be
  /// called from any thread, once for a connection.
  ///
  /// @param tokens asked for the first token and for each renewal's
  /// @param wanted none for any, at most [io.penstock.protocol.snaptun.SnapTun#MAX_ADDRESSES]; more
  ///   than one goes beyond the original, whose server refuses that
  public CompletionStage<ConnectResult> connect(
      QuicChannel connection, TokenSupplier tokens, List<AddressRange> wanted) {
    if (connection.eventLoop().inEventLoop()) {
      return start(connection, tokens, wanted);
    }
    return CompletableFuture.supplyAsync(
            () -> start(connection, tokens, wanted), connection.eventLoop())
        .thenCompose(connected -> connected);
  }

  /// What all tunnels of this client do.
  public SnapTunMetrics metrics() {
    return metrics;
  }

  private CompletionStage<ConnectResult> start(
      QuicChannel connection, TokenSupplier tokens, List<AddressRange> wanted) {
    return new ClientDriver(connection, config, new TokenFetch(tokens, blocking), metrics, wanted)
        .start();
  }
}
