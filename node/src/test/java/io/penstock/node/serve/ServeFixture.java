package io.penstock.node.serve;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.MemoryLink;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.relay.ByteRelay;
import io.penstock.transport.relay.Closing;
import io.penstock.transport.relay.HeldInput;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A node that serves, and a peer that visits it, each with a TCP/IP stack of its own and a link in
/// memory between them.
///
/// A test visits with any client: for each overlay port there is a loopback port whose connections
/// the peer dials on, byte for byte, with their half-closes.
final class ServeFixture implements AutoCloseable {

  static final String NAME = "web.penstock.internal";

  static final IpAddress SERVER = IpAddress.parse("10.0.0.2");
  static final IpAddress VISITOR = IpAddress.parse("10.0.0.1");

  static final PeerInfo PEER =
      new PeerInfo(
          UUID.randomUUID(),
          "laptop",
          "alice",
          List.of(VISITOR),
          true,
          Map.of(VISITOR, 1L),
          Optional.empty());

  private static final X509Bundle AUTHORITY = authority();

  final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "serve");
  final NetStackDriver visitor;
  final StackPorts ports;
  final ServeManager serve;
  private final NetStackDriver server;
  private final Map<Integer, Integer> bridges = new ConcurrentHashMap<>();

  private ServeFixture(ServeLimits limits, CertificateSource certificates, Optional<Path> file)
      throws Exception {
    MemoryLink.Pair links =
        MemoryLink.pair(loops.next(), loops.next(), new LinkTraits(1500, 65_000, true));
    NetStackConfig config = NetStackConfig.builder().build();
    visitor = NetStackDriver.start(links.first(), config);
    server = NetStackDriver.start(links.second(), config);
    visitor.addAddress(IpEndpoint.of(VISITOR.inet().getAddress(), 0), 24).sync();
    server.addAddress(IpEndpoint.of(SERVER.inet().getAddress(), 0), 24).sync();
    ports = new StackPorts(server, List.of(SERVER));
    ports.knows(PEER);
    serve = new ServeManager(ports, certificates, limits, file);
  }

  static ServeFixture start() throws Exception {
    return start(UnaryOperator.identity());
  }

  static ServeFixture start(UnaryOperator<ServeLimits.Builder> limits) throws Exception {
    return new ServeFixture(
        limits.apply(ServeLimits.builder()).build(), ServeFixture::certificate, Optional.empty());
  }

  static ServeFixture start(CertificateSource certificates, Optional<Path> file) throws Exception {
    return new ServeFixture(ServeLimits.DEFAULT, certificates, file);
  }

  // ---- certificates ----

  private static X509Bundle authority() {
    try {
      return new CertificateBuilder()
          .subject("CN=Test authority")
          .setIsCertificateAuthority(true)
          .buildSelfSigned();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /// A certificate for any name of the zone.
  static CertificateSource.Certificate certificate(String name) throws IOException {
    if (!name.endsWith(".penstock.internal")) {
      throw new IOException("the authority of this test knows no " + name);
    }
    X509Bundle issued = issue(name);
    return new CertificateSource.Certificate(
        issued.getKeyPair().getPrivate(), List.of(issued.getCertificatePath()));
  }

  static X509Bundle issue(String name) throws IOException {
    try {
      return new CertificateBuilder()
          .subject("CN=" + name)
          .addSanDnsName(name)
          .setIsCertificateAuthority(false)
          .buildIssuedBy(AUTHORITY);
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /// Trusts the authority of these certificates and no other.
  static SSLContext trust() {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("ca", AUTHORITY.getCertificate());
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- configs ----

  static ServeConfig site(int port, Map<String, HttpHandler> handlers) {
    ServeConfig config = ServeConfig.EMPTY.withPort(port, TcpPortHandler.toHttp());
    for (var each : handlers.entrySet()) {
      config = config.withHandler(NAME, port, each.getKey(), each.getValue());
    }
    return config;
  }

  static ServeConfig secureSite(int port, Map<String, HttpHandler> handlers) {
    return site(port, handlers).withPort(port, TcpPortHandler.toHttps());
  }

  // ---- visiting ----

  /// Connects to a port of the node over the overlay.
  WireSocket visit(int port) {
    return WireSocket.connect(bridge(port));
  }

  /// Sends a request on a connection of its own, and reads the answer with its length.
  String ask(int port, String request) {
    try (WireSocket visitor = visit(port)) {
      return visitor.send(request).readMessage();
    }
  }

  static String get(String path) {
    return "GET " + path + " HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n";
  }

  /// A loopback port that leads to an overlay port of the node.
  int bridge(int port) {
    return bridges.computeIfAbsent(port, this::newBridge);
  }

  private int newBridge(int port) {
    Channel listening =
        new ServerBootstrap()
            .group(visitor.eventLoop())
            .channel(NativeSupport.serverSocketChannel())
            .option(ChannelOption.SO_BACKLOG, 16_384)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel client) {
                    client.pipeline().addLast(new HeldInput());
                    client.eventLoop().execute(() -> dial(client, port));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    return ((InetSocketAddress) listening.localAddress()).getPort();
  }

  private void dial(Channel client, int port) {
    dial(port)
        .addListener(
            (ChannelFuture dialled) -> {
              if (dialled.isSuccess()) {
                ByteRelay.join(client, dialled.channel());
              } else {
                Closing.abort(client);
              }
            });
  }

  /// Opens a connection of the visitor's stack.
  ChannelFuture dial(int port) {
    return new Bootstrap()
        .group(visitor.eventLoop())
        .channelFactory(visitor.channels())
        .option(ChannelOption.AUTO_READ, false)
        .handler(new ChannelInboundHandlerAdapter())
        .connect(new InetSocketAddress(SERVER.inet(), port));
  }

  @Override
  public void close() {
    serve.close();
    visitor.close().syncUninterruptibly();
    server.close().syncUninterruptibly();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }
}
