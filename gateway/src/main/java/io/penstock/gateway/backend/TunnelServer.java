package io.penstock.gateway.backend;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.penstock.api.RouteName;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.api.tunnel.Refusal;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.gateway.backend.Admission.Verdict;
import io.penstock.gateway.ingress.Route;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.kcp.KcpChannel;
import io.penstock.transport.kcp.KcpServerChannel;
import io.penstock.transport.kcp.KcpServerLimits;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server of the reverse tunnel: it accepts agents over TLS on TCP and KCP, admits them and
/// keeps them registered.
///
/// On the TCP port the application protocol decides what a connection is: an agent, or a caller of
/// the client API, which is handed on. `listen…` and [#handleConn] may be called from any thread.
public final class TunnelServer implements AutoCloseable {

  /// What an agent is told when the check takes too long or fails.
  static final String STORAGE_SILENT = "its storage does not answer";

  private static final Logger LOG = LoggerFactory.getLogger(TunnelServer.class);

  /// How long to wait before a storage that failed is asked again about a registered agent.
  private static final long CHECK_AGAIN_SECONDS = 1;

  /// What was decided about a greeting, and as of when.
  ///
  /// @param revision the count of revocations before the storage was asked
  record Decision(AgentHello hello, Verdict verdict, long revision) {}

  /// What the server works with.
  ///
  /// @param tls shows the gateway's certificate and selects among the names in [TunnelNames]
  /// @param publicUrls the addresses at which visitors reach a route
  /// @param clientApi serves a connection that selected the client API, and runs what it is given
  ///   when the connection turns out to be one that may stay
  /// @param blocking runs what asks the storage, on virtual threads
  public record Surroundings(
      EventLoopGroup loops,
      SslContext tls,
      Function<RouteName, List<String>> publicUrls,
      BiConsumer<ChannelPipeline, Runnable> clientApi,
      Executor blocking) {}

  private final BackendConfig config;
  private final HealthConfig health;
  private final Admission admission;
  private final Backends backends;
  private final Surroundings surroundings;
  private final UnadmittedConnections unadmitted;
  private final BackendCounters counters = new BackendCounters();
  private final AtomicLong revision = new AtomicLong();

  public TunnelServer(
      BackendConfig config,
      HealthConfig health,
      Storage storage,
      Backends backends,
      Surroundings surroundings) {
    this.config = config;
    this.health = health;
    this.admission = new Admission(storage);
    this.backends = backends;
    this.surroundings = surroundings;
    this.unadmitted = new UnadmittedConnections(config.maxUnadmitted());
  }

  /// Listens for agents over TLS on TCP, and for callers of the client API.
  ///
  /// @return the listening channel, bound; closing it stops listening
  public Channel listen(SocketAddress address) throws IOException {
    return bind(
        new ServerBootstrap()
            .group(surroundings.loops())
            .channel(NativeSupport.serverSocketChannel())
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.TCP_NODELAY, true),
        address);
  }

  /// Listens for agents over TLS on KCP.
  ///
  /// All sessions of a UDP socket share its event loop.
  public Channel listenKcp(SocketAddress address, KcpConfig kcp, KcpServerLimits limits)
      throws IOException {
    return bind(
        new ServerBootstrap()
            .group(surroundings.loops().next())
            .channelFactory(KcpServerChannel.factory(kcp, limits)),
        address);
  }

  private Channel bind(ServerBootstrap bootstrap, SocketAddress address) throws IOException {
    var bound = bootstrap.childHandler(new ConnectionSetup()).bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("cannot listen on " + address + ": " + bound.cause().getMessage());
    }
    return bound.channel();
  }

  /// Serves an agent on a connection that somebody else accepted, as it is: no TLS is added.
  public void handleConn(Channel channel, TunnelProtocol protocol) {
    channel
        .eventLoop()
        .execute(
            () -> {
              unadmitted.add(channel);
              AgentSession.start(this, channel, protocol);
            });
  }

  /// Disconnects what came in with the token. To be called after the storage has forgotten it.
  public void tokenRevoked(String tokenId) {
    revision.incrementAndGet();
    backends.tokenRevoked(tokenId);
  }

  /// Disconnects what serves a route that is no longer there. To be called after the storage has
  /// changed.
  public void routesChanged(List<Route> routes) {
    revision.incrementAndGet();
    backends.routesChanged(routes);
  }

  /// Agent connections that are not admitted yet.
  public int unadmitted() {
    return unadmitted.size();
  }

  /// Connections that were closed before they were admitted, to make room for newer ones.
  public long evicted() {
    return unadmitted.evicted();
  }

  public BackendCounters counters() {
    return counters;
  }

  /// Lets no new request reach any agent, and tells those that understand it.
  public void drain() {
    backends.drain();
  }

  /// Disconnects all agents. The listeners are closed by whoever holds them.
  @Override
  public void close() {
    backends.closeAll();
  }

  BackendConfig config() {
    return config;
  }

  HealthConfig health() {
    return health;
  }

  Backends backends() {
    return backends;
  }

  List<String> publicUrls(RouteName route) {
    return surroundings.publicUrls().apply(route);
  }

  String newId() {
    return UUID.randomUUID().toString();
  }

  String transportOf(Channel channel) {
    return channel instanceof KcpChannel ? "kcp" : "tcp";
  }

  /// Asks the storage on a virtual thread; the answer may come on any thread.
  void check(AgentHello hello, Consumer<Decision> decided) {
    long asOf = revision.get();
    try {
      surroundings
          .blocking()
          .execute(() -> decided.accept(new Decision(hello, verdict(hello), asOf)));
    } catch (RejectedExecutionException _) {
      decided.accept(new Decision(hello, unavailable(Refusal.DRAINING, "it shuts down"), asOf));
    }
  }

  private Verdict verdict(AgentHello hello) {
    if (backends.size() >= config.maxConnections()) {
      return unavailable(Refusal.FULL, "it has as many agents as it may have");
    }
    try {
      return admission.check(hello);
    } catch (StorageException e) {
      LOG.error("cannot check an agent reason=storage_failed", e);
      return unavailable(Refusal.UNAVAILABLE, STORAGE_SILENT);
    }
  }

  static Verdict.Refused unavailable(Refusal refusal, String why) {
    return new Verdict.Refused(refusal, "this gateway takes no agent now: " + why);
  }

  /// Registers an admitted connection.
  ///
  /// Something may have been revoked between the check and now, when nobody could find this
  /// connection to end it; then it is checked once more.
  void admitted(Channel channel, BackendConnection connection, Decision decision) {
    unadmitted.remove(channel);
    if (channel instanceof KcpChannel kcp) {
      kcp.markAdmitted();
    }
    counters.countAdmitted();
    backends.register(connection);
    if (revision.get() != decision.revision()) {
      checkAgain(channel, connection, decision.hello());
    }
  }

  /// Ends a registered connection that would not be admitted any more, and asks until it is known.
  private void checkAgain(Channel channel, BackendConnection connection, AgentHello hello) {
    try {
      surroundings
          .blocking()
          .execute(
              () -> {
                try {
                  if (admission.check(hello) instanceof Verdict.Refused refused) {
                    backends.end(connection, causeOf(refused.refusal()));
                  }
                } catch (StorageException e) {
                  LOG.warn("cannot check an agent again yet id={}", connection.id(), e);
                  channel
                      .eventLoop()
                      .schedule(
                          () -> {
                            if (channel.isActive()) {
                              checkAgain(channel, connection, hello);
                            }
                          },
                          CHECK_AGAIN_SECONDS,
                          TimeUnit.SECONDS);
                }
              });
    } catch (RejectedExecutionException _) {
      // The gateway ends, and the connection with it.
    }
  }

  private static CloseCause causeOf(Refusal refusal) {
    return switch (refusal) {
      case NO_ROUTE, NOT_OWNER, CHOOSE_ROUTE -> CloseCause.ROUTE_REMOVED;
      case BAD_TOKEN, MISSING_SCOPE, BAD_GREETING, FULL, UNAVAILABLE, DRAINING ->
          CloseCause.TOKEN_REVOKED;
    };
  }

  private final class ConnectionSetup extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel channel) {
      if (!(channel instanceof KcpChannel)) {
        unadmitted.add(channel);
      }
      SslHandler tls = surroundings.tls().newHandler(channel.alloc());
      tls.setHandshakeTimeout(config.handshakeLimit().toNanos(), TimeUnit.NANOSECONDS);
      channel.pipeline().addLast(tls, new ProtocolChoice());
    }
  }

  /// Waits for the end of the TLS handshake and starts what the application protocol asks for.
  private final class ProtocolChoice extends ChannelInboundHandlerAdapter {

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
        Channel channel = ctx.channel();
        String selected = ctx.pipeline().get(SslHandler.class).applicationProtocol();
        ctx.pipeline().remove(this);
        start(channel, selected == null ? "" : selected);
      }
      ctx.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      LOG.debug("connection failed remote={} cause={}", ctx.channel().remoteAddress(), cause);
      ctx.close();
    }

    private void start(Channel channel, String selected) {
      if (channel instanceof KcpChannel kcp) {
        // Not before: forged datagrams would push out agents whose addresses are real. Until then
        // it is among the unproven of its server channel.
        kcp.markProven();
        unadmitted.add(channel);
      }
      switch (selected) {
        case TunnelNames.ALPN_CLIENT_API ->
            // It stays among the unadmitted: such calls are short, and a flood of them ends itself.
            surroundings.clientApi().accept(channel.pipeline(), () -> unadmitted.remove(channel));
        case TunnelNames.ALPN_AGENT ->
            AgentSession.start(TunnelServer.this, channel, TunnelProtocol.OWN);
        default -> AgentSession.start(TunnelServer.this, channel, TunnelProtocol.ORIGINAL);
      }
    }
  }
}
