package io.penstock.gateway.overlay;

import static io.penstock.gateway.overlay.MovedClock.NOON;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.LeaseInfo;
import io.penstock.api.NodeInfo;
import io.penstock.api.NodeKey;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.admin.OverlayOperations.Outcome;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.AddressWish;
import io.penstock.gateway.overlay.lease.LeaseGrant;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.peer.PeerDirectory;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.LiveTunnels.EndCause;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredLease;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OverlayDeskTest {

  @TempDir Path directory;

  private final UUID db = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private final List<EndCause> ended = new ArrayList<>();
  private Storage storage;
  private AddressPool pool;
  private PeerDirectory peers;
  private StoredLease lease;
  private OverlayDesk desk;

  @BeforeEach
  void open() throws Exception {
    MovedClock clock = new MovedClock();
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    storage
        .overlay()
        .bind(new SessionRequest(db, "db", new NodeKey("A".repeat(43))), "ann", NOON, NOON, 9);
    peers = new PeerDirectory(storage.overlay());
    pool =
        AddressPool.open(
            PoolConfig.DEFAULT, UUID.randomUUID(), storage.overlay(), clock, new Random(7), peers);
    lease = ((LeaseGrant.Granted) pool.allocate(db, new AddressWish.Any(IpFamily.IPV4))).lease();
    LiveTunnels tunnels = new LiveTunnels(storage);
    tunnels.add(
        new LiveTunnels.Tunnel() {
          @Override
          public NodeClaims claims() {
            return new NodeClaims(db, "ann", "tok_1", "j", NOON);
          }

          @Override
          public void end(EndCause cause) {
            ended.add(cause);
            tunnels.remove(this);
            pool.putOnHold(lease);
          }
        });
    desk = new OverlayDesk(storage.overlay(), pool, tunnels);
  }

  @AfterEach
  void close() {
    storage.close();
  }

  @Test
  void listsNodesWithTheirAddresses() throws Exception {
    assertThat(desk.nodes())
        .singleElement()
        .satisfies(
            node -> {
              assertThat(node.name()).isEqualTo("db");
              assertThat(node.online()).isTrue();
              assertThat(node.addresses()).containsExactly(lease.address());
            });
  }

  @Test
  void kicksANodeByNameOrId() throws Exception {
    assertThat(desk.kick("web")).isEqualTo(Outcome.NONE);
    assertThat(desk.kick(db.toString())).isEqualTo(Outcome.DONE);
    assertThat(ended).containsExactly(EndCause.KICKED);
    assertThat(desk.kick("db")).isEqualTo(Outcome.NOT_CONNECTED);

    assertThat(desk.nodes()).extracting(NodeInfo::online).containsExactly(false);
    assertThat(desk.leases()).extracting(LeaseInfo::state).containsExactly(LeaseInfo.State.HELD);
    assertThat(peers.byName("db")).as("its addresses are on hold").isPresent();
  }

  @Test
  void forgetsANodeWithAllItHas() throws Exception {
    assertThat(desk.forget("db")).isEqualTo(Outcome.DONE);

    assertThat(ended).containsExactly(EndCause.FORGOTTEN);
    assertThat(desk.nodes()).isEmpty();
    assertThat(desk.leases()).isEmpty();
    assertThat(peers.byName("db")).isEmpty();
    assertThat(desk.forget("db")).isEqualTo(Outcome.NONE);
  }

  @Test
  void releasesAnAddressThatIsOnHold() throws Exception {
    assertThat(desk.leases())
        .containsExactly(
            new LeaseInfo(
                lease.address(),
                db,
                "db",
                "ann",
                lease.generation(),
                LeaseInfo.State.ASSIGNED,
                Optional.empty()));
    assertThat(desk.release(lease.address())).isEqualTo(Outcome.IN_USE);
    desk.kick("db");
    assertThat(desk.release(lease.address())).isEqualTo(Outcome.DONE);
    assertThat(desk.release(IpAddress.parse("10.86.0.1"))).isEqualTo(Outcome.NONE);
  }
}
