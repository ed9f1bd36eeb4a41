package io.penstock.gateway.overlay;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicSslContext;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.web.Endpoint;
import io.penstock.gateway.admin.OverlayOperations;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.client.ClientGate;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.LeaseListener;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.peer.OverlayResolver;
import io.penstock.gateway.overlay.peer.PeerApi;
import io.penstock.gateway.overlay.peer.PeerDirectory;
import io.penstock.gateway.overlay.peer.PeerVisibility;
import io.penstock.gateway.overlay.router.Attached;
import io.penstock.gateway.overlay.router.LeasedAddress;
import io.penstock.gateway.overlay.router.NodeTunnel;
import io.penstock.gateway.overlay.router.OverlayPolicy;
import io.penstock.gateway.overlay.router.Router;
import io.penstock.gateway.overlay.router.RouterReport;
import io.penstock.gateway.overlay.session.CertificateApi;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.NodeTokens;
import io.penstock.gateway.overlay.session.SessionApi;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.overlay.session.SignedRequests;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredLease;
import io.penstock.transport.quic.QuicServer;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.SnapTunMetrics;
import io.penstock.transport.snaptun.SnapTunServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The overlay network of one gateway, from its QUIC listener to its address pool.
///
/// It starts whole or not at all. Leases of its last run are taken up, and are on hold until their
/// nodes come back. All methods may be called from any thread; start and close block.
public final class Overlay implements AutoCloseable {

  /// The node id of the gateway itself, which no other node has: it is the nil UUID.
  private static final UUID OWN_ID = new UUID(0, 0);

  private static final String OWN_NAME = "gateway";

  /// Every path of the overlay carries that much; it is what IPv6 asks of a link (RFC 8200, section
  /// 5).
  private static final int INNER_MTU_BYTES = 1280;

  /// How often expired holds are looked for.
  private static final Duration SWEEP_INTERVAL = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(Overlay.class);

  private final PeerDirectory peers;
  private final LiveTunnels tunnels;
  private final Router router;
  private final AddressPool pool;
  private final OverlayDesk desk;
  private final SnapTunServer<TunnelSession> server;
  private final QuicServer listener;
  private final Executor blocking;
  private final List<ScheduledFuture<?>> chores = new ArrayList<>();
  private final List<Endpoint> endpoints = new ArrayList<>();

  /// What the overlay stands on.
  ///
  /// @param gateway the id of the gateway, the same in each run
  /// @param loops of the listener and of all tunnels
  /// @param tls of [io.penstock.transport.tls.QuicTls#server]
  /// @param authority certifies nodes
  /// @param blocking runs what asks the storage, as a rule on virtual threads
  public record Surroundings(
      UUID gateway,
      EventLoopGroup loops,
      QuicSslContext tls,
      CertificateAuthority authority,
      Storage storage,
      Executor blocking,
      Clock clock) {}

  /// Starts an overlay whose listener is on.
  ///
  /// @param at where to listen
  /// @throws IOException when the storage or the listener cannot be had; nothing is left then
  public static Overlay start(OverlaySettings settings, InetSocketAddress at, Surroundings around)
      throws IOException {
    return new Overlay(settings, at, around);
  }

  private Overlay(OverlaySettings settings, InetSocketAddress at, Surroundings around)
      throws IOException {
    Storage storage = around.storage();
    PoolConfig addresses = settings.addresses();
    OverlayPolicy policy = OverlayRules.policy(settings.allow());
    PeerVisibility visibility = OverlayRules.visibility(policy);
    this.blocking = around.blocking();
    this.peers = new PeerDirectory(storage.overlay());
    this.tunnels = new LiveTunnels(storage);
    this.router =
        new Router(
            settings.router(),
            own(addresses).stream().map(IpAddress::inet).toList(),
            policy,
            System::nanoTime,
            new SecureRandom().nextLong());
    boolean whole = false;
    try {
      this.pool =
          AddressPool.open(
              addresses,
              around.gateway(),
              storage.overlay(),
              around.clock(),
              new SecureRandom(),
              both(peers, new RouterLeases(router)));
      this.desk = new OverlayDesk(storage.overlay(), pool, tunnels);
      NodeTokens tokens =
          new NodeTokens(
              settings.sessions(), "overlay:" + settings.zone(), storage.overlay(), around.clock());
      SessionGuard guard = new SessionGuard(tokens, storage);
      this.server =
          new SnapTunServer<>(
              settings.tunnel().server(),
              new NodeValidator(guard),
              new NodeAllocator(pool, settings.isdAs()),
              blocking);
      NodeDoor door =
          new NodeDoor(
              server,
              router,
              tunnels,
              peers,
              node -> apart(() -> peers.handshaken(node, around.clock().instant())));
      attachOwnHost(settings, around.loops().next(), visibility);
      ClientGate gate = new ClientGate(storage);
      SignedRequests signed =
          new SignedRequests(settings.sessions(), gate, storage.overlay(), around.clock());
      endpoints.addAll(
          new SessionApi(signed, tokens, new SessionApi.Surroundings(this::quic, network(settings)))
              .endpoints());
      endpoints.addAll(new CertificateApi(signed, around.authority(), settings.zone()).endpoints());
      endpoints.addAll(new PeerApi(gate, guard, peers, visibility).endpoints());
      this.listener =
          QuicServer.bind(
              around.loops(),
              at,
              around.tls(),
              settings.tunnel().quic(),
              SnapTunHandlers.server(door::connected));
      chores.add(every(LiveTunnels.CHECK_INTERVAL, around.loops(), tunnels::check));
      chores.add(every(SWEEP_INTERVAL, around.loops(), pool::sweep));
      whole = true;
    } finally {
      if (!whole) {
        router.close();
      }
    }
  }

  private static List<IpAddress> own(PoolConfig addresses) {
    return Arrays.stream(IpFamily.values())
        .map(addresses::ownAddress)
        .flatMap(Optional::stream)
        .toList();
  }

  private static OverlayNetwork network(OverlaySettings settings) {
    PoolConfig addresses = settings.addresses();
    return new OverlayNetwork(
        Arrays.stream(IpFamily.values()).map(addresses::range).flatMap(Optional::stream).toList(),
        INNER_MTU_BYTES,
        settings.zone(),
        own(addresses),
        settings.isdAs(),
        addresses.hold().toSeconds(),
        settings.tunnel().times().keepAlive().toMillis());
  }

  private static LeaseListener both(LeaseListener first, LeaseListener second) {
    return new LeaseListener() {
      @Override
      public void leased(StoredLease lease) throws IOException {
        second.leased(lease);
        first.leased(lease);
      }

      @Override
      public void freed(StoredLease lease) {
        second.freed(lease);
        first.freed(lease);
      }
    };
  }

  private void attachOwnHost(OverlaySettings settings, EventLoop loop, PeerVisibility visibility) {
    var resolver = new OverlayResolver(settings.zone(), settings.addresses(), peers, visibility);
    OwnHost host =
        new OwnHost(loop, resolver::answer, settings.router().queues().serviceQueueBytes());
    List<LeasedAddress> addresses =
        own(settings.addresses()).stream()
            .map(address -> new LeasedAddress(address.inet(), 0))
            .toList();
    Attached attached =
        router.attach(
            new NodeTunnel(OWN_ID, OWN_NAME, OWN_NAME, NodeTunnel.Kind.SERVICE, addresses, host));
    host.attach(attached);
  }

  // ---- chores ----

  private interface Chore {
    void run() throws StorageException;
  }

  private ScheduledFuture<?> every(Duration interval, EventLoopGroup loops, Chore chore) {
    return loops
        .next()
        .scheduleWithFixedDelay(
            () -> apart(() -> tryOut(chore)),
            interval.toMillis(),
            interval.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /// Does something off the event loops.
  private void apart(Runnable task) {
    try {
      blocking.execute(task);
    } catch (RejectedExecutionException _) {
      // The gateway ends.
    }
  }

  private static void tryOut(Chore chore) {
    try {
      chore.run();
    } catch (StorageException e) {
      LOG.warn("cannot look after the overlay, trying again soon cause=\"{}\"", e.getMessage());
    }
  }

  // ---- what the gateway asks ----

  /// What the overlay adds to the client API: sessions, certificates and peers.
  public List<Endpoint> endpoints() {
    return List.copyOf(endpoints);
  }

  /// What administrators may ask of it.
  public OverlayOperations operations() {
    return desk;
  }

  /// Where tunnels come in.
  public InetSocketAddress address() {
    return listener.address();
  }

  /// Where nodes are told to go: without a host when the listener is on every address, which means
  /// the host that they asked.
  public HostPort quic() {
    InetSocketAddress at = listener.address();
    return new HostPort(
        at.getAddress().isAnyLocalAddress() ? "" : at.getAddress().getHostAddress(), at.getPort());
  }

  /// How many nodes are connected.
  public int nodes() {
    return tunnels.size();
  }

  /// What the router has done.
  public RouterReport routed() {
    return router.report();
  }

  /// What the tunnels have done.
  public SnapTunMetrics tunnelled() {
    return server.metrics();
  }

  /// Ends the tunnels that an API token has bought; to be called after the storage has forgotten
  /// it.
  public void tokenRevoked(String apiToken) {
    tunnels.tokenRevoked(apiToken);
  }

  /// Ends all tunnels and closes the listener. Leases are on hold for their nodes.
  @Override
  public void close() {
    chores.forEach(chore -> chore.cancel(false));
    listener.close();
    try {
      pool.close();
    } catch (StorageException e) {
      LOG.warn("cannot put leases on hold before the next start cause=\"{}\"", e.getMessage());
    }
    router.close();
  }
}
