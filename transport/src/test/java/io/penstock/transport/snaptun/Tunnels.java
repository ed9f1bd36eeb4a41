package io.penstock.transport.snaptun;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.quic.QuicEnd;
import io.penstock.transport.quic.QuicHandlers;
import io.penstock.transport.quic.QuicServer;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.UnaryOperator;

/// A server of tunnels on the loopback interface, and what clients of it need.
final class Tunnels implements AutoCloseable {

  final QuicConfig quic;
  final EventLoopGroup loops = NativeSupport.newEventLoops(2, "snaptun-test");
  final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  final Tokens tokens = new Tokens();
  final Addresses addresses = new Addresses();
  final SnapTunServer<String> server;
  final BlockingQueue<AcceptResult<String>> accepted = new LinkedBlockingQueue<>();
  final QuicServer endpoint;

  private Tunnels(QuicConfig quic, UnaryOperator<SnapTunServerConfig> change) throws Exception {
    this.quic = quic;
    server =
        new SnapTunServer<>(
            change.apply(SnapTunServerConfig.of(quic.datagrams())), tokens, addresses, blocking);
    X509Bundle identity =
        new CertificateBuilder()
            .subject("CN=localhost")
            .addSanDnsName("localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    endpoint =
        QuicServer.bind(
            loops,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            QuicTls.server(
                identity.getKeyPair().getPrivate(),
                List.of(identity.getCertificatePath()),
                List.of(SnapTun.ALPN)),
            quic,
            SnapTunHandlers.server(
                connection -> server.acceptWithTimeout(connection).thenAccept(accepted::add)));
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

  /// A connection that is to become a tunnel.
  QuicChannel connection() throws Exception {
    return connection(quic, SnapTunHandlers.client());
  }

  QuicChannel connection(QuicConfig config, QuicHandlers handlers) throws Exception {
    return connection(config, handlers, endpoint.address());
  }

  QuicChannel connection(QuicConfig config, QuicHandlers handlers, InetSocketAddress to)
      throws Exception {
    var tls = QuicTls.client(new Trust.Anybody(), List.of(SnapTun.ALPN));
    return get(new QuicDialer(tls, config).dial(loops.next(), to, "localhost", handlers));
  }

  SnapTunClientConfig clientConfig() {
    return SnapTunClientConfig.of(quic);
  }

  ConnectResult connect(SnapTunClientConfig config, TokenSupplier supplier, AddressRange... wanted)
      throws Exception {
    return get(
        new SnapTunClient(config, blocking).connect(connection(), supplier, List.of(wanted)));
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
    endpoint.close();
    loops.shutdownGracefully(0, 5_000, MILLISECONDS).awaitUninterruptibly();
    blocking.close();
  }
}
