package io.penstock.gateway;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.Discovery;
import io.penstock.api.GatewayStatus;
import io.penstock.api.HostPort;
import io.penstock.gateway.admin.AdminServer;
import io.penstock.gateway.admin.AdminToken;
import io.penstock.gateway.backend.Backends;
import io.penstock.gateway.backend.TunnelServer;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.client.ClientApi;
import io.penstock.gateway.config.AdminAddress;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.ingress.Ingress;
import io.penstock.gateway.ingress.IngressCounters;
import io.penstock.gateway.ingress.RoundTrip;
import io.penstock.gateway.ingress.RouteTable;
import io.penstock.gateway.overlay.Overlay;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running gateway: all of its rooms, from the first bound listener to the last closed socket.
///
/// ```java
/// try (var gateway = Gateway.start(GatewayConfig.builder().data(directory).build())) {
///   gateway.awaitClosed();
/// }
/// ```
///
/// It starts whole or not at all: when one listener cannot be bound, what was begun is undone and
/// the exception says which. All methods may be called from any thread; those that start, drain and
/// close block.
public final class Gateway implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  /// What sockets and loops may take to close.
  private static final Duration TEAR_DOWN_LIMIT = Duration.ofSeconds(5);

  private enum Phase {
    SERVING,
    DRAINING,
    CLOSED
  }

  private final GatewayConfig config;
  private final Instant started = Instant.now();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Deque<Undo> undo = new ArrayDeque<>();
  private final Backends backends = new Backends();
  private final RouteTable routes = new RouteTable();
  private final ExecutorService blocking =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("gateway-", 0).factory());
  private final MultiThreadIoEventLoopGroup loops;
  private final DataDirectory directory;
  private final Storage storage;
  private final Certificates certificates;
  private final Ingress ingress;
  private final TunnelServer tunnel;
  private final AdminServer admin;
  private final Channel tunnelListener;
  private final Optional<Channel> kcpListener;
  private final Optional<Overlay> overlay;
  private final GatewayAddresses addresses;
  private final PublicAddresses visitors;
  private volatile Phase phase = Phase.SERVING;

  /// One step back of the start, done in reverse order.
  private interface Undo {
    void run() throws IOException;
  }

  /// Starts a gateway. Makes the data directory, the authority, the certificate and the admin token
  /// if they are not there. Blocks for about as long as opening the database takes.
  ///
  /// @throws IOException when a file, the database or a listener cannot be had; nothing is left
  ///   then
  public static Gateway start(GatewayConfig config) throws IOException {
    return new Gateway(config, null);
  }

  /// Starts a gateway on a storage of the caller's own, in place of the one that the configuration
  /// names. The gateway does not close it.
  ///
  /// @throws IOException as [#start(GatewayConfig)]
  public static Gateway start(GatewayConfig config, Storage storage) throws IOException {
    return new Gateway(config, storage);
  }

  private Gateway(GatewayConfig config, @Nullable Storage given) throws IOException {
    this.config = config;
    boolean whole = false;
    try {
      Clock clock = Clock.systemUTC();
      undo.push(blocking::shutdownNow);
      directory = begun(DataDirectory.open(config.data()), DataDirectory::close);
      storage =
          given != null ? given : begun(config.storage().open(directory, clock), Storage::close);
      AdminToken.ensure(directory, storage);
      certificates = Certificates.of(config, directory.path(), clock);
      loops =
          begun(
              NativeSupport.newEventLoops(NativeSupport.defaultEventLoops(), "gateway"),
              Gateway::stop);
      var operations = new GatewayOperations(storage, routes, backends, this::status);
      operations.readRoutes();

      ingress =
          begun(
              new Ingress(config.ingress().limits(), routes, backends, new IngressCounters()),
              Ingress::close);
      Optional<Channel> http = Optional.empty();
      if (config.ingress().http().isPresent()) {
        HostPort at = config.ingress().http().get();
        http = Optional.of(bound("ingress.http", at, ingress.listen(loops, at.resolve())));
      }
      Optional<Channel> https = Optional.empty();
      if (config.ingress().https().isPresent()) {
        HostPort at = config.ingress().https().get();
        var contexts = certificates.forVisitors(routes::knowsHost, blocking);
        https =
            Optional.of(
                bound("ingress.https", at, ingress.listenTls(loops, at.resolve(), contexts)));
      }
      visitors =
          new PublicAddresses(
              config.ingress(), http.map(GatewayAddresses::of), https.map(GatewayAddresses::of));

      overlay = startOverlay(clock);
      overlay.ifPresent(operations::overlay);
      tunnel =
          begun(
              new TunnelServer(
                  config.tunnel().limits(),
                  config.health(),
                  storage,
                  backends,
                  new TunnelServer.Surroundings(
                      loops,
                      certificates.forAgents(),
                      visitors::urls,
                      new ClientApi(
                              storage,
                              this::discovery,
                              overlay.map(Overlay::endpoints).orElse(List.of()),
                              config.client().limits(),
                              blocking)
                          ::install,
                      blocking)),
              TunnelServer::close);
      operations.tunnel(tunnel);
      tunnelListener = listening("tunnel.tls", config.tunnel().tls(), tunnel::listen);
      if (config.tunnel().kcp().isPresent()) {
        kcpListener =
            Optional.of(
                listening(
                    "tunnel.kcp",
                    config.tunnel().kcp().get(),
                    at -> tunnel.listenKcp(at, config.kcp().session(), config.kcp().unproven())));
      } else {
        kcpListener = Optional.empty();
      }
      var metrics = GatewayMetrics.of(ingress.counters(), tunnel, backends);
      overlay.ifPresent(it -> OverlayMetrics.bind(metrics, it));
      admin = begun(startAdmin(operations, metrics), AdminServer::close);
      addresses =
          new GatewayAddresses(
              http.map(GatewayAddresses::of),
              https.map(GatewayAddresses::of),
              GatewayAddresses.of(tunnelListener),
              kcpListener.map(GatewayAddresses::of),
              overlay.map(Overlay::address),
              admin.address().resolve());
      directory.writeAdminAddress(
          new AdminAddress(admin.address(), certificates.adminFingerprint()));
      whole = true;
      LOG.info("gateway serving listeners={} data={}", addresses.byKey(), directory.path());
    } finally {
      if (!whole) {
        undoAll();
        closed.countDown();
      }
    }
  }

  private Optional<Overlay> startOverlay(Clock clock) throws IOException {
    Optional<HostPort> at = config.overlay().quic();
    if (at.isEmpty()) {
      return Optional.empty();
    }
    if (!NativeSupport.quic()) {
      LOG.warn("no overlay: QUIC has no native library for this machine key=overlay.quic");
      return Optional.empty();
    }
    var surroundings =
        new Overlay.Surroundings(
            directory.gatewayId(),
            loops,
            certificates.forNodes(),
            certificates.authority(),
            storage,
            blocking,
            clock);
    try {
      return Optional.of(
          begun(Overlay.start(config.overlay(), at.get().resolve(), surroundings), Overlay::close));
    } catch (StorageException e) {
      throw e;
    } catch (IOException e) {
      throw cannotListen("overlay.quic", at.get(), Objects.requireNonNullElse(e.getCause(), e));
    }
  }

  private AdminServer startAdmin(GatewayOperations operations, PrometheusMeterRegistry metrics)
      throws IOException {
    var surroundings =
        new AdminServer.Surroundings(
            storage, operations, overlay.map(Overlay::operations), metrics, loops);
    var hostnames = config.gateway().hostname().stream().collect(Collectors.toSet());
    var tls = certificates.forAdmin();
    try {
      return tls.isPresent()
          ? AdminServer.startSecure(config.admin(), tls.get(), surroundings, hostnames)
          : AdminServer.start(config.admin(), surroundings, hostnames);
    } catch (BindException e) {
      throw cannotListen(
          "admin.listen", config.admin().listen(), Objects.requireNonNullElse(e.getCause(), e));
    }
  }

  // ---- what an embedder asks ----

  /// Where the listeners are bound.
  public GatewayAddresses addresses() {
    return addresses;
  }

  /// What the gateway was told.
  public GatewayConfig config() {
    return config;
  }

  /// The connected agents.
  public Backends backends() {
    return backends;
  }

  /// The overlay network, if it is on.
  public Optional<Overlay> overlay() {
    return overlay;
  }

  /// The tunnel server, for an embedder that accepts agents by other means.
  public TunnelServer tunnel() {
    return tunnel;
  }

  /// Sends requests of the embedder's own to the apps behind the tunnels, by the same routes and
  /// agents as visitors get.
  public RoundTrip roundTrip() {
    return new RoundTrip(config.ingress().limits(), routes, backends);
  }

  /// Tokens and routes. Blocks, so not for event loops.
  public Storage storage() {
    return storage;
  }

  /// The certificate of the gateway's own authority, as a file; empty if it has certificates from
  /// elsewhere.
  public Optional<Path> caCertificate() {
    return certificates
        .ownAuthority()
        .map(_ -> CertificateAuthority.certificateFile(config.data()));
  }

  /// The fingerprint of the authority that signed the certificate on the tunnel port, by which
  /// agents may pin this gateway.
  public Optional<String> fingerprint() {
    return certificates.fingerprint();
  }

  /// Where the secret of the admin token is.
  public Path adminTokenFile() {
    return config.data().resolve(DataDirectory.ADMIN_TOKEN_FILE);
  }

  GatewayStatus status() {
    return GatewayReport.status(
        started,
        switch (phase) {
          case SERVING -> GatewayStatus.Phase.SERVING;
          case DRAINING, CLOSED -> GatewayStatus.Phase.DRAINING;
        },
        addresses,
        visitors.endpoints(),
        certificates.fingerprint(),
        backends.size());
  }

  private Discovery discovery() {
    return new Discovery(
        GatewayReport.version(),
        kcpListener.map(
            channel -> {
              InetSocketAddress at = GatewayAddresses.of(channel);
              return new HostPort(
                  at.getAddress().isAnyLocalAddress() ? "" : at.getAddress().getHostAddress(),
                  at.getPort());
            }),
        overlay.map(Overlay::quic),
        visitors.endpoints());
  }

  // ---- the end ----

  /// Stops taking visitors and agents, lets requests in flight finish, and closes. Blocks for at
  /// most the limit and a little more.
  ///
  /// @return whether every request finished within the limit
  public boolean drain(Duration limit) {
    if (advance(Phase.DRAINING) != Phase.SERVING) {
      close();
      return false;
    }
    LOG.info("gateway draining in_flight={} limit={}", backends.inFlight(), limit);
    tunnelListener.close();
    kcpListener.ifPresent(Channel::close);
    CompletableFuture<Void> gone = ingress.drain().toCompletableFuture();
    boolean finished = await(gone, limit);
    tunnel.drain();
    close();
    return finished;
  }

  private static boolean await(CompletableFuture<Void> done, Duration limit) {
    try {
      done.get(limit.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException | ExecutionException _) {
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Closes everything at once. Repeatable; blocks until it is done.
  @Override
  public void close() {
    if (advance(Phase.CLOSED) != Phase.CLOSED) {
      undoAll();
      LOG.info("gateway closed");
      closed.countDown();
    }
    try {
      awaitClosed();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Goes on to a later phase, never back; returns the one before.
  private synchronized Phase advance(Phase next) {
    Phase before = phase;
    phase = before.compareTo(next) < 0 ? next : before;
    return before;
  }

  /// Blocks until the gateway is closed.
  public void awaitClosed() throws InterruptedException {
    closed.await();
  }

  // ---- the start, step by step ----

  private interface Closing<T> {
    void close(T begun) throws IOException;
  }

  private <T> T begun(T what, Closing<T> closing) {
    undo.push(() -> closing.close(what));
    return what;
  }

  private interface Listen {
    Channel on(InetSocketAddress address) throws IOException;
  }

  private Channel listening(String key, HostPort at, Listen listen) throws IOException {
    try {
      Channel channel = listen.on(at.resolve());
      undo.push(() -> channel.close().syncUninterruptibly());
      return channel;
    } catch (IOException e) {
      throw cannotListen(key, at, e);
    }
  }

  private Channel bound(String key, HostPort at, ChannelFuture binding) throws IOException {
    if (!binding.awaitUninterruptibly().isSuccess()) {
      throw cannotListen(key, at, binding.cause());
    }
    return binding.channel();
  }

  private static IOException cannotListen(String key, HostPort at, Throwable cause) {
    return new ListenException(key, at, cause);
  }

  private void undoAll() {
    while (!undo.isEmpty()) {
      try {
        undo.pop().run();
      } catch (IOException | RuntimeException e) {
        LOG.warn("cannot close a part of the gateway", e);
      }
    }
  }

  private static void stop(MultiThreadIoEventLoopGroup loops) {
    NativeSupport.endEventLoops(loops, TEAR_DOWN_LIMIT)
        .awaitUninterruptibly(TEAR_DOWN_LIMIT.toMillis());
  }
}
