package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.penstock.api.BackendInfo;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.GatewayStatus;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.NodeKey;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.admin.AdminServer;
import io.penstock.gateway.admin.Operations;
import io.penstock.gateway.config.AdminSettings;
import io.penstock.gateway.overlay.OverlayDesk;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.AddressWish;
import io.penstock.gateway.overlay.lease.LeaseGrant;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.peer.PeerDirectory;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredRoute;
import io.penstock.transport.NativeSupport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands for nodes and leases, against the admin API of an overlay without tunnels.
class OverlayCommandsTest {

  private static final UUID DB = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private static final IpAddress ADDRESS = IpAddress.parse("10.86.0.9");

  @TempDir Path directory;

  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "test");
  private Storage storage;
  private AddressPool pool;
  private AdminServer server;
  private CommandRun command;

  @BeforeEach
  void start() throws Exception {
    Clock clock = Clock.systemUTC();
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    Instant now = clock.instant();
    storage
        .overlay()
        .bind(new SessionRequest(DB, "db", new NodeKey("A".repeat(43))), "ann", now, now, 9);
    pool =
        AddressPool.open(
            PoolConfig.DEFAULT,
            UUID.randomUUID(),
            storage.overlay(),
            clock,
            new Random(7),
            new PeerDirectory(storage.overlay()));
    var desk = new OverlayDesk(storage.overlay(), pool, new LiveTunnels(storage));
    server =
        AdminServer.start(
            AdminSettings.DEFAULT.listeningOn(new HostPort("127.0.0.1", 0)),
            new AdminServer.Surroundings(
                storage,
                new NoOperations(),
                Optional.of(desk),
                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                loops),
            Set.of());
    String token =
        storage
            .createToken(new CreateTokenRequest("ops", Set.of(Scope.ADMIN), Optional.empty()))
            .token();
    Files.writeString(directory.resolve("admin.token"), token);
    command = new CommandRun(directory);
  }

  @AfterEach
  void stop() {
    server.close();
    storage.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /// A gateway that has nothing but its overlay.
  private static final class NoOperations implements Operations {
    @Override
    public GatewayStatus status() {
      throw new UnsupportedOperationException("nobody asks here");
    }

    @Override
    public List<BackendInfo> backends() {
      return List.of();
    }

    @Override
    public boolean kill(String backend) {
      return false;
    }

    @Override
    public void tokenRevoked(String token) {}

    @Override
    public void routeAdded(StoredRoute route) {}

    @Override
    public void routeRemoved(RouteName route) {}
  }

  private int run(String... words) {
    String[] all = Arrays.copyOf(words, words.length + 4);
    all[words.length] = "--admin";
    all[words.length + 1] = server.address().toString();
    all[words.length + 2] = "--token-file";
    all[words.length + 3] = directory.resolve("admin.token").toString();
    return command.run(all);
  }

  private LeaseGrant.Granted granted() throws Exception {
    return (LeaseGrant.Granted) pool.allocate(DB, new AddressWish.Exactly(ADDRESS));
  }

  @Test
  void listsNodesAndLeases() throws Exception {
    granted();

    assertThat(run("node", "list")).as(command.err()).isZero();
    assertThat(command.out().lines())
        .hasSize(2)
        .last()
        .asString()
        .matches("db +ann +no +\\S+Z +10\\.86\\.0\\.9 +" + DB);
    assertThat(run("lease", "list", "--json")).isZero();
    assertThat(command.out())
        .contains("[{\"address\":\"10.86.0.9\"", "\"state\":\"assigned\"", "\"heldUntil\":null");
  }

  @Test
  void releasesAnAddressThatIsOnHold() throws Exception {
    var lease = granted().lease();

    assertThat(run("lease", "release", "10.86.0.9")).isEqualTo(1);
    assertThat(command.err()).contains("is connected; kick it first");
    pool.putOnHold(lease);
    assertThat(run("lease", "list")).isZero();
    assertThat(command.out()).contains("held");
    assertThat(run("lease", "release", "10.86.0.9")).isZero();
    assertThat(command.err()).contains("Released 10.86.0.9.");
    assertThat(pool.leases()).isEmpty();
  }

  @Test
  void kicksAndForgetsANode() throws Exception {
    pool.allocate(DB, new AddressWish.Any(IpFamily.IPV6));

    assertThat(run("node", "kick", "db")).isEqualTo(1);
    assertThat(command.err()).contains("the node has no tunnel now");
    assertThat(run("node", "kick", "db", "--forget")).isZero();
    assertThat(command.err()).contains("Forgot db.");
    assertThat(storage.overlay().nodes()).isEmpty();
    assertThat(run("node", "kick", "db", "--forget")).isEqualTo(1);
    assertThat(command.err()).contains("there is no node with this id or name");
  }
}
