package io.penstock.transport.snaptun;

import io.netty.channel.EventLoopGroup;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicServer;
import io.penstock.transport.tls.QuicTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/// A server of tunnels on a free port of the loopback interface, with a new key, and the threads
/// that it and its clients run on; closing it ends them.
///
/// Other modules' tests use it too.
public final class LoopbackServer implements AutoCloseable {

  private final EventLoopGroup loops = NativeSupport.newEventLoops(2, "snaptun-test");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final SnapTunServer<String> server;
  private final QuicServer endpoint;

  private LoopbackServer(
      SnapTunServerConfig config,
      QuicConfig quic,
      TokenValidator<String> tokens,
      AddressAllocator<String> addresses,
      Consumer<AcceptResult<String>> accepted)
      throws Exception {
    server = new SnapTunServer<>(config, tokens, addresses, blocking);
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
                connection -> server.acceptWithTimeout(connection).thenAccept(accepted)));
  }

  /// @param accepted told of every connection, on its event loop
  public static LoopbackServer start(
      SnapTunServerConfig config,
      QuicConfig quic,
      TokenValidator<String> tokens,
      AddressAllocator<String> addresses,
      Consumer<AcceptResult<String>> accepted)
      throws Exception {
    return new LoopbackServer(config, quic, tokens, addresses, accepted);
  }

  public InetSocketAddress address() {
    return endpoint.address();
  }

  public SnapTunMetrics metrics() {
    return server.metrics();
  }

  EventLoopGroup loops() {
    return loops;
  }

  ExecutorService blocking() {
    return blocking;
  }

  @Override
  public void close() {
    endpoint.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).awaitUninterruptibly();
    blocking.close();
  }
}
