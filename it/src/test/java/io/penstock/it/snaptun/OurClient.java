package io.penstock.it.snaptun;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ClientTunnelConfig;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SnapTunClient;
import io.penstock.transport.snaptun.SnapTunClientConfig;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.TokenSupplier;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/// Our client of the original's server.
final class OurClient implements AutoCloseable {

  private final QuicConfig quic;
  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "snaptun-client");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();

  OurClient() {
    this(QuicConfig.defaults());
  }

  OurClient(QuicConfig quic) {
    this.quic = quic;
  }

  /// Connects and asks for addresses.
  ConnectResult connect(
      OriginalServer server,
      UnaryOperator<ClientTunnelConfig.Builder> change,
      TokenSupplier tokens,
      AddressRange... wanted)
      throws Exception {
    var tls = QuicTls.client(new Trust.Pinned(server.pin()), List.of(SnapTun.ALPN));
    QuicChannel connection =
        get(
            new QuicDialer(tls, quic)
                .dial(loops.next(), server.socketAddress(), "localhost", SnapTunHandlers.client()));
    ClientTunnelConfig.Builder tunnel =
        ClientTunnelConfig.builder().idleTimeout(quic.idleTimeout());
    var config = SnapTunClientConfig.of(quic).withTunnel(change.apply(tunnel).build());
    return get(new SnapTunClient(config, blocking).connect(connection, tokens, List.of(wanted)));
  }

  /// A tunnel with a token that lasts.
  ConnectResult.Connected connected(OriginalServer server, AddressRange... wanted)
      throws Exception {
    return connected(connect(server, config -> config, () -> "node:3600", wanted));
  }

  static ConnectResult.Connected connected(ConnectResult result) {
    return switch (result) {
      case ConnectResult.Connected good -> good;
      case ConnectResult.Refused bad -> throw new AssertionError(bad);
    };
  }

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(15, SECONDS);
  }

  @Override
  public void close() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).awaitUninterruptibly();
    blocking.close();
  }
}
