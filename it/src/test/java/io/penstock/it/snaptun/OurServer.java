package io.penstock.it.snaptun;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.netty.channel.EventLoopGroup;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicServer;
import io.penstock.transport.snaptun.AcceptResult;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.SnapTunMetrics;
import io.penstock.transport.snaptun.SnapTunServer;
import io.penstock.transport.snaptun.SnapTunServerConfig;
import io.penstock.transport.snaptun.TunnelControl;
import io.penstock.transport.tls.QuicTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;

/// Our server on the loopback interface, which echoes every packet.
final class OurServer implements AutoCloseable {

  final TestTokens tokens = new TestTokens();
  final TestAddresses addresses;
  final BlockingQueue<TunnelControl<String>> tunnels = new LinkedBlockingQueue<>();
  final BlockingQueue<TunnelEnd> ends = new LinkedBlockingQueue<>();
  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "snaptun-server");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final SnapTunServer<String> server;
  private final QuicServer endpoint;

  private OurServer(int maxAddresses, List<AddressRange> refused) throws Exception {
    QuicConfig quic = QuicConfig.defaults();
    addresses = new TestAddresses(refused);
    server =
        new SnapTunServer<>(
            SnapTunServerConfig.of(quic.datagrams())
                .withTunnel(ServerTunnelConfig.builder().maxAddresses(maxAddresses).build()),
            tokens,
            addresses,
            blocking);
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
                connection -> server.acceptWithTimeout(connection).thenAccept(this::accepted)));
  }

  /// As it is by default.
  static OurServer start(AddressRange... refused) throws Exception {
    return new OurServer(ServerTunnelConfig.DEFAULT_ADDRESSES, List.of(refused));
  }

  /// With one address per client, as the original has it.
  static OurServer likeTheOriginal(AddressRange... refused) throws Exception {
    return new OurServer(1, List.of(refused));
  }

  private void accepted(AcceptResult<String> result) {
    switch (result) {
      case AcceptResult.Accepted<String>(_, var receiver, var sender, var control) -> {
        receiver.onPacket(new Echo(sender));
        control.closed().thenAccept(ends::add);
        tunnels.add(control);
      }
      case AcceptResult.Refused<String>(var end) -> ends.add(end);
    }
  }

  /// `HOST:PORT`, for a Rust peer.
  String address() {
    return endpoint.address().getHostString() + ":" + endpoint.address().getPort();
  }

  SnapTunMetrics metrics() {
    return server.metrics();
  }

  /// The next tunnel that was established.
  TunnelControl<String> tunnel() throws Exception {
    return next(tunnels);
  }

  /// Why the next tunnel ended, or was never established.
  TunnelEnd end() throws Exception {
    return next(ends);
  }

  private static <E> E next(BlockingQueue<E> queue) throws Exception {
    E element = queue.poll(15, SECONDS);
    if (element == null) {
      throw new TimeoutException("nothing came");
    }
    return element;
  }

  @Override
  public void close() {
    endpoint.close();
    loops.shutdownGracefully(0, 5_000, MILLISECONDS).awaitUninterruptibly();
    blocking.close();
  }
}
