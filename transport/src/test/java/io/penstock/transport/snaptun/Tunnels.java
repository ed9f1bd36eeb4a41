package io.penstock.transport.snaptun;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.quic.QuicEnd;
import io.penstock.transport.quic.QuicHandlers;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;

/// A server of tunnels on the loopback interface, and what clients of it need.
final class Tunnels implements AutoCloseable {

  final QuicConfig quic;
  final Tokens tokens = Tokens.ofOneNode();
  final Addresses addresses = new Addresses(List.of(Addresses.TAKEN, Addresses.ANY_V6));
  final BlockingQueue<AcceptResult<String>> accepted = new LinkedBlockingQueue<>();
  private final LoopbackServer server;

  private Tunnels(QuicConfig quic, UnaryOperator<SnapTunServerConfig> change) throws Exception {
    this.quic = quic;
    server =
        LoopbackServer.start(
            change.apply(SnapTunServerConfig.of(quic.datagrams())),
            quic,
            tokens,
            addresses,
            accepted::add);
  }

  static Tunnels start() throws Exception {
    return start(config -> config);
  }

  static Tunnels start(UnaryOperator<SnapTunServerConfig> change) throws Exception {
    return new Tunnels(QuicConfig.defaults(), change);
  }

  /// A server whose QUIC has these settings.
  static Tunnels over(QuicConfig quic) throws Exception {
    return new Tunnels(quic, config -> config);
  }

  static Tunnels limited(UnaryOperator<ServerTunnelConfig.Builder> change) throws Exception {
    return start(config -> config.withTunnel(change.apply(ServerTunnelConfig.builder()).build()));
  }

  InetSocketAddress address() {
    return server.address();
  }

  EventLoopGroup loops() {
    return server.loops();
  }

  ExecutorService blocking() {
    return server.blocking();
  }

  SnapTunMetrics metrics() {
    return server.metrics();
  }

  /// A connection that is to become a tunnel.
  QuicChannel connection() throws Exception {
    return connection(quic, SnapTunHandlers.client());
  }

  QuicChannel connection(QuicConfig config, QuicHandlers handlers) throws Exception {
    return connection(config, handlers, server.address());
  }

  QuicChannel connection(QuicConfig config, QuicHandlers handlers, InetSocketAddress to)
      throws Exception {
    var tls = QuicTls.client(new Trust.Anybody(), List.of(SnapTun.ALPN));
    return get(new QuicDialer(tls, config).dial(server.loops().next(), to, "localhost", handlers));
  }

  SnapTunClientConfig clientConfig() {
    return SnapTunClientConfig.of(quic);
  }

  ConnectResult connect(SnapTunClientConfig config, TokenSupplier supplier, AddressRange... wanted)
      throws Exception {
    return get(
        new SnapTunClient(config, server.blocking())
            .connect(connection(), supplier, List.of(wanted)));
  }

  /// An established tunnel with a token that lasts.
  ConnectResult.Connected connected(AddressRange... wanted) throws Exception {
    return (ConnectResult.Connected) connect(clientConfig(), () -> "node:3600", wanted);
  }

  AcceptResult<String> accepted() throws InterruptedException {
    AcceptResult<String> result = accepted.poll(10, SECONDS);
    if (result == null) {
      throw new AssertionError("nothing was accepted");
    }
    return result;
  }

  AcceptResult.Accepted<String> tunnel() throws InterruptedException {
    return switch (accepted()) {
      case AcceptResult.Accepted<String> good -> good;
      case AcceptResult.Refused<String> bad -> throw new AssertionError(bad);
    };
  }

  static QuicEnd endOf(QuicChannel connection) throws Exception {
    return get(QuicEnd.of(connection));
  }

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(15, SECONDS);
  }

  static ByteBuf packet(String text) {
    return Unpooled.copiedBuffer(text, UTF_8);
  }

  static String text(ByteBuf packet) {
    String text = packet.toString(UTF_8);
    packet.release();
    return text;
  }

  @Override
  public void close() {
    tokens.unstick.countDown();
    server.close();
  }
}
