package io.penstock.gateway.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.Discovery;
import io.penstock.api.HostPort;
import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteInfo;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.DiscoveryClient;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.config.ClientSettings;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.ServerTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The client API behind TLS and ALPN, as on the tunnel port, with the client that ships.
class ClientApiTest {

  private static final Discovery DISCOVERY =
      new Discovery(
          "0.1.0",
          Optional.of(HostPort.parse(":7444")),
          Optional.empty(),
          List.of(new PublicEndpoint("http", 8000)));

  @TempDir Path directory;

  private final EventLoopGroup eventLoops = NativeSupport.newEventLoops(1, "test");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private Storage storage;
  private CertificateAuthority authority;
  private Channel listener;

  @BeforeEach
  void start() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), Clock.systemUTC());
    authority = CertificateAuthority.loadOrCreate(directory, Clock.systemUTC());
    Identity identity =
        authority.issue(List.of("localhost"), List.of(InetAddress.ofLiteral("127.0.0.1")));
    SslContext tls =
        ServerTls.context(
            identity.key(),
            identity.chain(),
            List.of(TunnelNames.ALPN_AGENT, TunnelNames.ALPN_CLIENT_API));
    ClientApi api =
        new ClientApi(storage, () -> DISCOVERY, ClientSettings.DEFAULT.limits(), blocking);
    listener =
        new ServerBootstrap()
            .group(eventLoops)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Tunnel(api));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .sync()
            .channel();
  }

  @AfterEach
  void stop() throws Exception {
    listener.close().sync();
    blocking.close();
    eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    storage.close();
  }

  /// Does what the tunnel port does with a connection: an agent, unless ALPN says otherwise.
  private static final class Tunnel extends ApplicationProtocolNegotiationHandler {
    private final ClientApi api;

    Tunnel(ClientApi api) {
      super("an agent");
      this.api = api;
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
      if (protocol.equals(TunnelNames.ALPN_CLIENT_API)) {
        api.install(ctx.pipeline());
      } else {
        ctx.close();
      }
    }
  }

  private DiscoveryClient client() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("ca", authority.certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    return new DiscoveryClient(address(), tls);
  }

  private HostPort address() {
    return new HostPort("127.0.0.1", ((InetSocketAddress) listener.localAddress()).getPort());
  }

  @Test
  void tellsWhereItsOtherDoorsAre() throws Exception {
    try (DiscoveryClient client = client()) {
      Discovery found = client.discover();

      assertThat(found.kcp()).contains(new HostPort("127.0.0.1", 7444));
      assertThat(found.quic()).isEmpty();
      assertThat(found.version()).isEqualTo("0.1.0");
      assertThat(found.publicEndpoints()).containsExactly(new PublicEndpoint("http", 8000));
    }
  }

  @Test
  void listsTheRoutesOfTheTokensUser() throws Exception {
    storage.addRoute(RouteName.parse("ann.localhost"), "ann");
    storage.addRoute(RouteName.parse("bob.localhost"), "bob");
    String token = token(Scope.CONNECT);
    try (DiscoveryClient client = client()) {
      assertThat(client.routes(token))
          .singleElement()
          .satisfies(
              route -> {
                assertThat(route.route()).isEqualTo("ann.localhost");
                assertThat(route.urls()).containsExactly("http://ann.localhost:8000");
              });
      storage.removeRoute(RouteName.parse("ann.localhost"));
      assertThat(client.routes(token)).extracting(RouteInfo::route).isEmpty();
    }
  }

  @Test
  void tellsNobodyTheRoutesWhoHasNoTokenForThem() throws Exception {
    String overlay = token(Scope.OVERLAY);
    try (DiscoveryClient client = client()) {
      assertThatThrownBy(() -> client.routes("pst_x"))
          .isInstanceOfSatisfying(
              ApiException.class, e -> assertThat(e.code()).isEqualTo("bad_token"))
          .hasMessageContaining("penstock token create");
      assertThatThrownBy(() -> client.routes(overlay))
          .isInstanceOfSatisfying(
              ApiException.class, e -> assertThat(e.code()).isEqualTo("missing_scope"));
    }
  }

  @Test
  void isRefusedByAClientThatDoesNotTrustIt() throws Exception {
    try (DiscoveryClient client = new DiscoveryClient(address(), SSLContext.getDefault())) {
      assertThatThrownBy(client::discover)
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("no secure connection to https://127.0.0.1:")
          .hasMessageContaining("--ca")
          .hasMessageContaining("--fingerprint");
    }
  }

  private String token(Scope scope) throws Exception {
    return storage
        .createToken(new CreateTokenRequest("ann", Set.of(scope), Optional.empty()))
        .token();
  }
}
