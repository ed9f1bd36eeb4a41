package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.IpAddress;
import io.penstock.api.NodeKey;
import io.penstock.api.Scope;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.config.OverlayTunnelSettings;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.peer.PeerDirectory;
import io.penstock.gateway.overlay.router.OverlayPolicy;
import io.penstock.gateway.overlay.router.Router;
import io.penstock.gateway.overlay.router.RouterConfig;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.NodeTokens;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredLease;
import io.penstock.gateway.store.StoredToken;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ClientTunnelConfig;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.quic.QuicServer;
import io.penstock.transport.snaptun.AddressAllocator;
import io.penstock.transport.snaptun.Allocation;
import io.penstock.transport.snaptun.AllocationId;
import io.penstock.transport.snaptun.CommandResult;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SnapTunClient;
import io.penstock.transport.snaptun.SnapTunClientConfig;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.SnapTunServer;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tunnels of one node that become tunnels in another order than that in which they were granted
/// their address, over real QUIC.
class NodeDoorTest {

  /// Longer than any machine is busy with something else.
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final long ISD_AS = OverlaySettings.DEFAULT_ISD_AS.toLong();

  @TempDir Path directory;

  private final UUID db = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private final EventLoopGroup loops = NativeSupport.newEventLoops(2, "door");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final QuicConfig quic = QuicConfig.defaults();
  private Storage storage;
  private NodeTokens tokens;
  private StoredToken apiToken;
  private AddressPool pool;
  private Router router;
  private LiveTunnels tunnels;
  private HeldUp allocator;
  private QuicServer listener;
  private final List<UUID> handshaken = new CopyOnWriteArrayList<>();

  /// The allocator of the gateway, which tells of the first grant only when it is let go.
  private static final class HeldUp implements AddressAllocator<TunnelSession> {
    private final AddressAllocator<TunnelSession> real;
    private final AtomicInteger grants = new AtomicInteger();
    private final CountDownLatch granted = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);

    HeldUp(AddressAllocator<TunnelSession> real) {
      this.real = real;
    }

    @Override
    public Allocation allocate(TunnelSession session, AddressRange wanted) {
      Allocation allocation = real.allocate(session, wanted);
      if (grants.incrementAndGet() == 1) {
        granted.countDown();
        try {
          assertThat(letGo.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      return allocation;
    }

    @Override
    public boolean putOnHold(AllocationId id) {
      return real.putOnHold(id);
    }

    @Override
    public boolean deallocate(AllocationId id) {
      return real.deallocate(id);
    }
  }

  @BeforeEach
  void open() throws Exception {
    Clock clock = Clock.systemUTC();
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    storage
        .overlay()
        .bind(
            new SessionRequest(db, "db", new NodeKey("A".repeat(43))),
            "ann",
            clock.instant(),
            clock.instant(),
            9);
    String secret =
        storage
            .createToken(new CreateTokenRequest("ann", Set.of(Scope.OVERLAY), Optional.empty()))
            .token();
    apiToken = storage.hasToken(secret).orElseThrow();
    tokens = new NodeTokens(SessionConfig.DEFAULT, "overlay:x", storage.overlay(), clock);
    router =
        new Router(
            RouterConfig.DEFAULT, List.of(), OverlayPolicy.SAME_USER_ONLY, System::nanoTime, 1);
    pool =
        AddressPool.open(
            PoolConfig.DEFAULT,
            UUID.randomUUID(),
            storage.overlay(),
            clock,
            new Random(7),
            new RouterLeases(router));
    tunnels = new LiveTunnels(storage);
    allocator = new HeldUp(new NodeAllocator(pool, OverlaySettings.DEFAULT_ISD_AS));
    SnapTunServer<TunnelSession> server =
        new SnapTunServer<>(
            OverlayTunnelSettings.DEFAULT
                .server()
                .withTunnel(ServerTunnelConfig.builder().acceptTimeout(LIMIT).build()),
            new NodeValidator(new SessionGuard(tokens, storage)),
            allocator,
            blocking);
    NodeDoor door =
        new NodeDoor(
            server, router, tunnels, new PeerDirectory(storage.overlay()), handshaken::add);
    Identity identity =
        CertificateAuthority.loadOrCreate(directory, clock).issue(List.of("localhost"), List.of());
    listener =
        QuicServer.bind(
            loops,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            QuicTls.server(identity.key(), identity.chain(), List.of(SnapTun.ALPN)),
            quic,
            SnapTunHandlers.server(door::connected));
  }

  @AfterEach
  void close() {
    allocator.letGo.countDown();
    listener.close();
    router.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(1)).awaitUninterruptibly();
    blocking.close();
    storage.close();
  }

  private CompletableFuture<ConnectResult> connect() throws Exception {
    return connect(AddressRange.ipv4(ISD_AS, 0));
  }

  private CompletableFuture<ConnectResult> connect(AddressRange... wanted) throws Exception {
    String session = tokens.issue(db, apiToken).token();
    QuicChannel connection =
        get(
            new QuicDialer(QuicTls.client(new Trust.Anybody(), List.of(SnapTun.ALPN)), quic)
                .dial(loops.next(), listener.address(), "localhost", SnapTunHandlers.client()));
    var patient = ClientTunnelConfig.builder().connectTimeout(LIMIT).responseTimeout(LIMIT).build();
    return new SnapTunClient(SnapTunClientConfig.of(quic).withTunnel(patient), blocking)
        .connect(connection, () -> session, List.of(wanted))
        .toCompletableFuture();
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private static IpAddress address(ConnectResult.Connected tunnel) {
    return IpAddress.of(tunnel.control().addresses().getFirst().addressBytes());
  }

  @Test
  void a_tunnel_that_is_accepted_late_does_not_end_the_newer_one_of_its_node() throws Exception {
    CompletableFuture<ConnectResult> connecting = connect();
    assertThat(allocator.granted.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    var newer = (ConnectResult.Connected) get(connect());
    await().atMost(LIMIT).until(() -> tunnels.of(db).isPresent());
    LiveTunnels.Tunnel live = tunnels.of(db).orElseThrow();

    allocator.letGo.countDown();

    var late = (ConnectResult.Connected) get(connecting);
    assertThat(get(late.control().closed()))
        .isEqualTo(new TunnelEnd.PeerClosed(4, "session replaced"));
    assertThat(tunnels.of(db)).containsSame(live);
    assertThat(newer.control().closed().toCompletableFuture()).isNotDone();
    // Its end has come to the pool when nothing of it is under way any more.
    blocking.shutdown();
    assertThat(blocking.awaitTermination(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(pool.leases())
        .singleElement()
        .satisfies(
            lease -> {
              assertThat(lease.address()).isEqualTo(address(newer));
              assertThat(lease.heldUntil()).isEmpty();
            });
    assertThat(router.report().routes()).isEqualTo(1);
    assertThat(router.report().onHold()).isZero();
  }

  @Test
  void a_tunnel_that_comes_about_and_each_renewal_of_its_session_is_a_handshake() throws Exception {
    allocator.letGo.countDown();
    var tunnel = (ConnectResult.Connected) get(connect());
    await().atMost(LIMIT).until(() -> handshaken.equals(List.of(db)));
    assertThat(get(tunnel.control().renew())).isEqualTo(CommandResult.Done.DONE);
    await().atMost(LIMIT).until(() -> handshaken.equals(List.of(db, db)));
  }

  @Test
  void a_node_has_no_two_addresses_of_a_family_of_which_it_would_lose_one() throws Exception {
    allocator.letGo.countDown();
    AddressRange first = AddressRange.ipv4(ISD_AS, 0x0a56_0009);
    AddressRange second = AddressRange.ipv4(ISD_AS, 0x0a56_000a);

    var tunnel = (ConnectResult.Connected) get(connect(first, second));

    assertThat(tunnel.control().addresses()).containsExactly(first);
    assertThat(tunnel.control().refused())
        .containsExactly(new Refusal(1, "a client has at most 1 of IPv4"));
    assertThat(pool.leases())
        .extracting(StoredLease::address)
        .containsExactly(IpAddress.of(first.addressBytes()));
  }

  @Test
  void a_node_that_is_forgotten_while_it_is_assigned_its_address_is_found_by_the_next_check()
      throws Exception {
    CompletableFuture<ConnectResult> connecting = connect();
    assertThat(allocator.granted.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    StoredLease lease = pool.leases().getFirst();
    var desk = new OverlayDesk(storage.overlay(), pool, tunnels);
    desk.forget("db");
    allocator.letGo.countDown();
    var tunnel = (ConnectResult.Connected) get(connecting);
    assertThat(address(tunnel)).isEqualTo(lease.address());
    await().atMost(LIMIT).until(() -> tunnels.of(db).isPresent());

    tunnels.check();

    assertThat(get(tunnel.control().closed()))
        .isEqualTo(new TunnelEnd.PeerClosed(4, "node forgotten"));
    await().atMost(LIMIT).untilAsserted(() -> assertThat(router.report().routes()).isZero());
    assertThat(pool.leases()).isEmpty();
    assertThat(tunnels.size()).isZero();
  }
}
