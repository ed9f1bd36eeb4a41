package io.penstock.gateway.client;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.Discovery;
import io.penstock.api.HostPort;
import io.penstock.api.PublicEndpoint;
import io.penstock.api.Scope;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.api.web.Endpoint;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.config.ClientSettings;
import io.penstock.gateway.store.Storage;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.ServerTls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// A client API behind TLS and ALPN on a free port, as on the tunnel port.
public final class ClientApiServer implements AutoCloseable {

  public static final Discovery DISCOVERY =
      new Discovery(
          "0.1.0",
          Optional.of(HostPort.parse(":7444")),
          Optional.empty(),
          List.of(new PublicEndpoint("http", 8000)));

  private final EventLoopGroup eventLoops = NativeSupport.newEventLoops(1, "test");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final Storage storage;
  private final CertificateAuthority authority;
  private final Channel listener;

  /// Starts with the endpoints of other rooms.
  public ClientApiServer(Path directory, Storage storage, List<Endpoint> more) throws Exception {
    this.storage = storage;
    authority = CertificateAuthority.loadOrCreate(directory, Clock.systemUTC());
    Identity identity =
        authority.issue(List.of("localhost"), List.of(InetAddress.ofLiteral("127.0.0.1")));
    SslContext tls =
        ServerTls.context(
            identity.key(),
            identity.chain(),
            List.of(TunnelNames.ALPN_AGENT, TunnelNames.ALPN_CLIENT_API));
    ClientApi api =
        new ClientApi(storage, () -> DISCOVERY, more, ClientSettings.DEFAULT.limits(), blocking);
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
        api.install(ctx.pipeline(), () -> {});
      } else {
        ctx.close();
      }
    }
  }

  public HostPort address() {
    return new HostPort("127.0.0.1", ((InetSocketAddress) listener.localAddress()).getPort());
  }

  /// Trusts the authority of this server.
  public SSLContext trust() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("ca", authority.certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    return tls;
  }

  /// Makes an API token.
  public CreatedToken token(String user, Scope scope) throws Exception {
    return storage.createToken(new CreateTokenRequest(user, Set.of(scope), Optional.empty()));
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    blocking.close();
    NativeSupport.endEventLoops(eventLoops, Duration.ofSeconds(2)).syncUninterruptibly();
  }
}
