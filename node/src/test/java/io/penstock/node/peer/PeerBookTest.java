package io.penstock.node.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Who is at the other end of a connection, while addresses change hands.
class PeerBookTest {

  private static final IpAddress ADDRESS = IpAddress.parse("10.86.0.9");
  private static final UUID ANN = UUID.randomUUID();
  private static final UUID BOB = UUID.randomUUID();

  private long now = 100;
  private final PeerBook book = new PeerBook(() -> now);

  private static PeerInfo peer(UUID id, long generation) {
    return new PeerInfo(
        id,
        id.equals(ANN) ? "ann" : "bob",
        "user",
        List.of(ADDRESS),
        true,
        Map.of(ADDRESS, generation),
        Optional.empty());
  }

  private static PeerSnapshot all(PeerInfo... peers) {
    return new PeerSnapshot(1, List.of(peers));
  }

  private SeenLease began() {
    return book.leaseAt(ADDRESS, now).orElseThrow();
  }

  @Test
  void a_connection_is_known_by_the_lease_that_was_there_when_it_began() {
    book.snapshot(all(peer(ANN, 7)));
    assertThat(began()).isEqualTo(new SeenLease(ADDRESS, 7, ANN));
    assertThat(book.whoIs(began())).contains(peer(ANN, 7));
  }

  @Test
  void nobody_is_known_before_the_gateway_was_heard_or_after_it_was_lost() {
    assertThat(book.leaseAt(ADDRESS, now)).isEmpty();
    book.snapshot(all(peer(ANN, 7)));
    SeenLease before = began();
    book.lost();
    assertThat(book.leaseAt(ADDRESS, now)).isEmpty();
    assertThat(book.whoIs(ADDRESS)).isEmpty();
    assertThat(book.whoIs(before)).as("it began before").contains(peer(ANN, 7));
  }

  @Test
  void a_connection_that_began_before_its_lease_was_known_is_nobodys() {
    long began = now;
    now += 10;
    book.snapshot(all(peer(ANN, 7)));
    assertThat(book.leaseAt(ADDRESS, began)).isEmpty();
    assertThat(book.leaseAt(ADDRESS, now)).isPresent();
  }

  @Test
  void an_address_that_went_to_another_node_is_nobody_for_older_connections() {
    book.snapshot(all(peer(ANN, 7)));
    SeenLease old = began();
    book.deleted(peer(ANN, 7));
    book.upserted(peer(BOB, 8));
    assertThat(book.whoIs(old)).isEmpty();
    assertThat(book.whoIs(began())).contains(peer(BOB, 8));
    book.deleted(peer(BOB, 8));
    book.upserted(peer(ANN, 9));
    assertThat(book.whoIs(old)).as("the same node, but not the same lease").isEmpty();
  }

  @Test
  void a_node_that_comes_back_with_its_address_stays_who_it_is() {
    book.snapshot(all(peer(ANN, 7)));
    SeenLease old = began();
    book.upserted(peer(ANN, 8));
    assertThat(book.whoIs(old)).contains(peer(ANN, 8));
    book.lost();
    now += 10;
    book.snapshot(all(peer(ANN, 12)));
    assertThat(book.whoIs(old)).contains(peer(ANN, 12));
  }

  @Test
  void what_began_while_changes_may_have_been_missed_is_nobodys() {
    book.snapshot(all(peer(ANN, 7)));
    book.lost();
    long meanwhile = now;
    now += 10;
    book.snapshot(all(peer(ANN, 12)));
    assertThat(book.leaseAt(ADDRESS, meanwhile)).as("anybody may have had it").isEmpty();

    book.lost();
    long unchanged = now;
    now += 10;
    book.snapshot(all(peer(ANN, 12)));
    assertThat(book.leaseAt(ADDRESS, unchanged)).as("the lease is the same one").isPresent();
  }
}
