package io.penstock.gateway.overlay;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.NodeKey;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.Scope;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.overlay.lease.AddressWish;
import io.penstock.gateway.overlay.lease.LeaseGrant;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.gateway.store.NodeBinding;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredLease;
import io.penstock.gateway.store.StoredToken;
import io.penstock.protocol.snaptun.ClientTunnelConfig;
import io.penstock.testkit.SimulatedNetwork;
import io.penstock.testkit.VirtualLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The overlay of a gateway in virtual time, on the thread of the test: its address pool on a real
/// database, its sessions, its tunnels' engines and its router, with simulated links in place of
/// QUIC.
///
/// It may be killed and started again as often as a test likes; what is durable stays.
public final class VirtualGateway implements AutoCloseable {

  /// The same in every run, so that nothing depends on the day.
  private static final Instant BEGIN = Instant.parse("2026-11-20T12:00:00Z");

  private static final UUID ID = new UUID(0, 7);
  private static final String USER = "ann";
  private static final int MAX_NODES = 100;

  private final SimulatedNetwork network;
  private final SplittableRandom random;
  private final PoolConfig addresses;
  private final SessionConfig sessions;
  private final Clock clock;
  private final VirtualLoop loop;
  private final Storage storage;
  private final StoredToken apiToken;
  private final List<GatewayEnd> ends = new ArrayList<>();
  private @Nullable GatewayRun run;

  private VirtualGateway(
      SimulatedNetwork network, Path file, PoolConfig addresses, SessionConfig sessions, long seed)
      throws IOException {
    this.network = network;
    this.addresses = addresses;
    this.sessions = sessions;
    random = new SplittableRandom(seed);
    clock = clockOf(network).withZone(ZoneOffset.UTC);
    loop = new VirtualLoop(network);
    storage = SqliteStorage.open(file, clock);
    String secret =
        storage
            .createToken(new CreateTokenRequest(USER, Set.of(Scope.OVERLAY), Optional.empty()))
            .token();
    apiToken = storage.hasToken(secret).orElseThrow();
  }

  /// Starts a gateway on a database, with all that is random from a seed.
  public static VirtualGateway start(
      SimulatedNetwork network, Path file, PoolConfig addresses, SessionConfig sessions, long seed)
      throws IOException {
    VirtualGateway gateway = new VirtualGateway(network, file, addresses, sessions, seed);
    gateway.start();
    return gateway;
  }

  /// The time of day in a simulation.
  public static InstantSource clockOf(SimulatedNetwork network) {
    return () -> BEGIN.plusNanos(network.elapsedNanos());
  }

  // ---- what a test does to it ----

  /// A new link to the gateway.
  public GatewayEnd newEnd() {
    GatewayEnd end = new GatewayEnd(this, loop);
    ends.add(end);
    return end;
  }

  /// Ends it as the operating system ends a process: nobody is told, and nothing is put in order.
  public void kill() {
    GatewayRun killed = run;
    run = null;
    if (killed != null) {
      ends.forEach(GatewayEnd::forget);
      killed.vanish();
      loop.turn();
    }
  }

  /// Starts it again on the same database; a run that is there is killed first.
  public void start() throws StorageException {
    kill();
    run =
        new GatewayRun(
            new GatewayRun.Surroundings(
                ID, addresses, sessions, storage, clock, network, loop, random.split()));
  }

  /// Makes up a node of the one user there is.
  public UUID register(String name) throws StorageException {
    UUID id = new UUID(random.nextLong(), random.nextLong());
    byte[] key = new byte[32];
    random.nextBytes(key);
    NodeKey publicKey = new NodeKey(Base64.getUrlEncoder().withoutPadding().encodeToString(key));
    NodeBinding binding =
        storage
            .overlay()
            .bind(
                new SessionRequest(id, name, publicKey),
                USER,
                clock.instant(),
                clock.instant(),
                MAX_NODES);
    if (!(binding instanceof NodeBinding.Bound)) {
      throw new IllegalStateException("the node is not taken: " + binding);
    }
    return id;
  }

  /// A session token for a node.
  ///
  /// @throws IOException while the gateway is not running
  public String session(UUID node) throws IOException {
    return running().orElseThrow(() -> new IOException("no gateway")).session(node, apiToken);
  }

  /// Gives a node without a tunnel an address that nobody has.
  public void give(UUID node, IpAddress address) throws StorageException {
    LeaseGrant grant =
        running().orElseThrow().pool().allocate(node, new AddressWish.Exactly(address));
    if (!(grant instanceof LeaseGrant.Granted)) {
      throw new IllegalStateException(address + " is not given: " + grant);
    }
  }

  // ---- what a test sees ----

  /// What nodes are told of the network.
  public OverlayNetwork network() {
    return new OverlayNetwork(
        List.of(
            addresses.range(IpFamily.IPV4).orElseThrow(),
            addresses.range(IpFamily.IPV6).orElseThrow()),
        GatewayRun.MTU_BYTES,
        OverlaySettings.DEFAULT_ZONE,
        List.of(),
        OverlaySettings.DEFAULT_ISD_AS,
        addresses.hold().toSeconds(),
        ClientTunnelConfig.DEFAULT_IDLE_TIMEOUT.dividedBy(3).toMillis());
  }

  /// All leases in the order of their addresses.
  public List<StoredLease> leases() throws StorageException {
    return storage.overlay().withLeases(leases -> leases.all());
  }

  /// How long nodes keep their addresses while they are away.
  public Duration hold() {
    return addresses.hold();
  }

  Optional<GatewayRun> running() {
    return Optional.ofNullable(run);
  }

  @Override
  public void close() {
    kill();
    storage.close();
  }
}
