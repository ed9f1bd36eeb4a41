package io.penstock.gateway.overlay.session;

import static io.penstock.gateway.overlay.MovedClock.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.NodeKey;
import io.penstock.api.Scope;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.overlay.session.LiveTunnels.EndCause;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveTunnelsTest {

  @TempDir Path directory;

  private final MovedClock clock = new MovedClock();
  private Storage storage;
  private LiveTunnels tunnels;

  @BeforeEach
  void open() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    tunnels = new LiveTunnels(storage);
  }

  @AfterEach
  void close() {
    storage.close();
  }

  /// Writes down why it was ended.
  private static final class Recorded implements LiveTunnels.Tunnel {
    private final NodeClaims claims;
    private final List<EndCause> ended = new ArrayList<>();

    Recorded(UUID node, String apiToken) {
      this.claims = new NodeClaims(node, "ann", apiToken, "j", NOON.plusSeconds(3600));
    }

    @Override
    public NodeClaims claims() {
      return claims;
    }

    @Override
    public void end(EndCause cause) {
      ended.add(cause);
    }
  }

  private Recorded added(UUID node, String apiToken) {
    Recorded tunnel = new Recorded(node, apiToken);
    tunnels.add(tunnel);
    return tunnel;
  }

  private String apiToken(Optional<Duration> lifetime) throws Exception {
    return storage
        .createToken(
            new CreateTokenRequest(
                "ann", Set.of(Scope.OVERLAY), lifetime.map(clock.instant()::plus)))
        .id();
  }

  @Test
  void letsTheNewerTunnelOfANodeTakeOver() {
    UUID node = UUID.randomUUID();
    Recorded older = added(node, "t");
    Recorded newer = added(node, "t");

    assertThat(older.ended).containsExactly(EndCause.REPLACED);
    assertThat(newer.ended).isEmpty();
    assertThat(EndCause.REPLACED.text()).isEqualTo("session replaced");
    assertThat(tunnels.remove(older)).as("its end touches nothing").isFalse();
    assertThat(tunnels.of(node)).contains(newer);
    assertThat(tunnels.remove(newer)).isTrue();
    assertThat(tunnels.size()).isZero();
  }

  @Test
  void endsWhatARevokedTokenHasBought() {
    Recorded one = added(UUID.randomUUID(), "t1");
    Recorded two = added(UUID.randomUUID(), "t1");
    Recorded other = added(UUID.randomUUID(), "t2");

    tunnels.tokenRevoked("t1");

    assertThat(one.ended).containsExactly(EndCause.TOKEN_REVOKED);
    assertThat(two.ended).containsExactly(EndCause.TOKEN_REVOKED);
    assertThat(other.ended).isEmpty();
  }

  @Test
  void findsTokensThatWereRevokedElsewhereOrHaveExpired() throws Exception {
    String good = apiToken(Optional.empty());
    String revoked = apiToken(Optional.empty());
    String expiring = apiToken(Optional.of(Duration.ofMinutes(1)));
    Recorded one = added(bound("ann"), good);
    Recorded two = added(bound("ann"), revoked);
    Recorded three = added(bound("ann"), expiring);
    tunnels.check();
    assertThat(two.ended).isEmpty();

    storage.revokeToken(revoked);
    tunnels.check();
    assertThat(two.ended).containsExactly(EndCause.TOKEN_REVOKED);
    assertThat(three.ended).isEmpty();
    clock.advance(Duration.ofMinutes(1));
    tunnels.check();
    assertThat(three.ended).containsExactly(EndCause.TOKEN_REVOKED);
    assertThat(one.ended).isEmpty();
  }

  /// A node that the storage knows.
  private UUID bound(String user) throws Exception {
    UUID node = UUID.randomUUID();
    bind(node, user);
    return node;
  }

  private void bind(UUID node, String user) throws Exception {
    storage
        .overlay()
        .bind(
            new SessionRequest(node, "n" + node.toString(), new NodeKey("A".repeat(43))),
            user,
            clock.instant(),
            clock.instant(),
            100);
  }

  private void forget(UUID node) throws Exception {
    storage.overlay().withLeases(leases -> leases.removeNode(node));
  }

  @Test
  void findsNodesThatWereForgottenElsewhereOrInTheMomentOfTheirAssignment() throws Exception {
    String token = apiToken(Optional.empty());
    UUID gone = bound("ann");
    forget(gone);
    Recorded one = added(gone, token);
    Recorded two = added(bound("ann"), token);

    tunnels.check();

    assertThat(one.ended).containsExactly(EndCause.FORGOTTEN);
    assertThat(two.ended).isEmpty();
  }

  @Test
  void findsNodesThatAreAnotherUsersByNow() throws Exception {
    UUID node = bound("ann");
    Recorded tunnel = added(node, apiToken(Optional.empty()));
    forget(node);
    bind(node, "bob");

    tunnels.check();

    assertThat(tunnel.ended).containsExactly(EndCause.FORGOTTEN);
  }

  @Test
  void endsNothingWhenTheStorageDoesNotAnswer() throws Exception {
    Recorded tunnel = added(UUID.randomUUID(), "t");
    storage.close();

    assertThatThrownBy(tunnels::check).isInstanceOf(StorageException.class);
    assertThat(tunnel.ended).isEmpty();
  }

  @Test
  void checksOftenEnoughToEndATunnelWithinFiveSeconds() {
    assertThat(LiveTunnels.CHECK_INTERVAL).isLessThanOrEqualTo(Duration.ofSeconds(4));
  }

  @Test
  void endsTheTunnelOfOneNode() {
    UUID node = UUID.randomUUID();
    Recorded tunnel = added(node, "t");

    assertThat(tunnels.end(node, EndCause.KICKED)).isTrue();
    assertThat(tunnels.end(UUID.randomUUID(), EndCause.KICKED)).isFalse();

    assertThat(tunnel.ended).containsExactly(EndCause.KICKED);
    assertThat(tunnels.all()).containsExactly(tunnel);
  }
}
