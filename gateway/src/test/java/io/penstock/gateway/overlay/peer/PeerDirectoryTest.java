package io.penstock.gateway.overlay.peer;

import static io.penstock.gateway.overlay.peer.PeerFixture.assigned;
import static io.penstock.gateway.overlay.peer.PeerFixture.held;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.overlay.peer.PeerFeed.Item;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerDirectoryTest {

  @TempDir Path directory;

  private Storage storage;
  private PeerFixture fixture;
  private PeerDirectory peers;

  @BeforeEach
  void open() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), new MovedClock());
    fixture = new PeerFixture(storage);
    peers = fixture.directory;
  }

  @AfterEach
  void close() {
    storage.close();
  }

  private static PeerInfo info(UUID id, boolean online, String... addresses) {
    List<IpAddress> leased = Stream.of(addresses).map(IpAddress::parse).toList();
    return new PeerInfo(
        id,
        "db",
        "ann",
        leased,
        online,
        leased.stream().collect(Collectors.toMap(address -> address, _ -> 1L)),
        Optional.empty());
  }

  private static List<Item> taken(PeerFeed feed, int count) throws Exception {
    List<Item> items = new java.util.ArrayList<>();
    for (int i = 0; i < count; i++) {
      items.add(feed.next(Duration.ofSeconds(30)).orElseThrow());
    }
    assertThat(feed.next(Duration.ZERO)).isEmpty();
    return items;
  }

  @Test
  void knowsANodeFromItsFirstLeaseToItsLast() throws Exception {
    UUID db = fixture.node("db", "ann");
    assertThat(peers.byName("db")).isEmpty();

    peers.leased(assigned(db, "10.86.0.9"));
    peers.leased(assigned(db, "fd7c::9"));
    assertThat(peers.byName("db")).contains(info(db, true, "10.86.0.9", "fd7c::9"));

    peers.leased(held(db, "10.86.0.9"));
    assertThat(peers.byId(db)).map(PeerInfo::online).as("one is assigned").contains(true);
    peers.leased(held(db, "fd7c::9"));
    assertThat(peers.byAddress(IpAddress.parse("fd7c::9")))
        .contains(info(db, false, "10.86.0.9", "fd7c::9"));

    peers.freed(held(db, "10.86.0.9"));
    assertThat(peers.byName("db")).contains(info(db, false, "fd7c::9"));
    assertThat(peers.byAddress(IpAddress.parse("10.86.0.9"))).isEmpty();
    peers.freed(held(db, "fd7c::9"));
    assertThat(peers.byName("db")).isEmpty();
    assertThat(peers.byId(db)).isEmpty();
    assertThat(peers.byAddress(IpAddress.parse("fd7c::9"))).isEmpty();
  }

  @Test
  void tellsOfAHandshakeOnceInAWhileAndRemembersItWhileTheNodeIsAway() throws Exception {
    UUID db = fixture.peer("db", "ann", "10.86.0.9");
    PeerFeed feed = peers.listen().orElseThrow();
    Instant second = Instant.parse("2026-11-30T16:09:14Z");

    peers.handshaken(db, second.plusMillis(1));
    peers.handshaken(db, second.plus(PeerDirectory.HANDSHAKE_SPACING).minusMillis(1));
    assertThat(peers.revision()).as("renewals of an idle node go to nobody").isEqualTo(2);
    Instant later = second.plus(PeerDirectory.HANDSHAKE_SPACING);
    peers.handshaken(db, later);
    peers.handshaken(db, second);
    PeerInfo online = info(db, true, "10.86.0.9");
    assertThat(taken(feed, 3))
        .containsExactly(
            new Item.Changed(new PeerEvent.Upserted(2, handshaken(online, second))),
            new Item.Changed(new PeerEvent.Upserted(3, handshaken(online, later))),
            // The clock was set back.
            new Item.Changed(new PeerEvent.Upserted(4, handshaken(online, second))));

    peers.leased(held(db, "10.86.0.9"));
    assertThat(peers.byName("db")).contains(handshaken(info(db, false, "10.86.0.9"), second));

    peers.freed(held(db, "10.86.0.9"));
    peers.handshaken(db, later);
    assertThat(peers.byName("db")).as("a node without an address is no peer").isEmpty();
  }

  private static PeerInfo handshaken(PeerInfo peer, Instant at) {
    return new PeerInfo(
        peer.id(),
        peer.name(),
        peer.user(),
        peer.addresses(),
        peer.online(),
        peer.generations(),
        Optional.of(at));
  }

  @Test
  void listsPeersByName() throws Exception {
    fixture.peer("web", "ann", "10.86.0.3");
    fixture.peer("db", "bob", "10.86.0.2");
    fixture.peer("app", "ann", "10.86.0.4");

    assertThat(peers.snapshot(_ -> true).items())
        .extracting(PeerInfo::name)
        .containsExactly("app", "db", "web");
    assertThat(peers.snapshot(peer -> peer.user().equals("bob")).items())
        .extracting(PeerInfo::name)
        .containsExactly("db");
  }

  @Test
  void tellsEachChangeOnceAndInOrder() throws Exception {
    PeerFeed feed = peers.listen().orElseThrow();
    UUID db = fixture.peer("db", "ann", "10.86.0.9");
    peers.leased(assigned(db, "10.86.0.9"));
    peers.leased(held(db, "10.86.0.9"));
    peers.freed(held(db, "10.86.0.9"));
    peers.freed(held(db, "10.86.0.9"));

    assertThat(taken(feed, 3))
        .containsExactly(
            new Item.Changed(new PeerEvent.Upserted(1, info(db, true, "10.86.0.9"))),
            new Item.Changed(new PeerEvent.Upserted(2, info(db, false, "10.86.0.9"))),
            new Item.Changed(new PeerEvent.Deleted(3, info(db, false, "10.86.0.9"))));
    assertThat(peers.revision()).isEqualTo(3);
  }

  @Test
  void tellsASlowListenerToResyncAndHoldsUpNobody() throws Exception {
    PeerFeed slow = peers.listen().orElseThrow();
    PeerFeed quick = peers.listen().orElseThrow();
    UUID db = fixture.node("db", "ann");
    for (int i = 0; i < 10 * PeerFeed.MAX_WAITING; i++) {
      peers.leased(i % 2 == 0 ? assigned(db, "10.86.0.9") : held(db, "10.86.0.9"));
      assertThat(quick.next(Duration.ZERO)).containsInstanceOf(Item.Changed.class);
    }

    assertThat(taken(slow, 1)).containsExactly(new Item.Resync());
    peers.freed(held(db, "10.86.0.9"));
    assertThat(taken(slow, 1)).hasOnlyElementsOfType(Item.Changed.class);
  }

  @Test
  void remembersAsMuchAsItSaysForASlowListener() throws Exception {
    PeerFeed feed = peers.listen().orElseThrow();
    UUID db = fixture.node("db", "ann");
    for (int i = 0; i < PeerFeed.MAX_WAITING; i++) {
      peers.leased(i % 2 == 0 ? assigned(db, "10.86.0.9") : held(db, "10.86.0.9"));
    }

    assertThat(taken(feed, PeerFeed.MAX_WAITING)).hasOnlyElementsOfType(Item.Changed.class);
  }

  @Test
  void wakesAListenerWhoseFeedIsClosed() throws Exception {
    PeerFeed feed = peers.listen().orElseThrow();
    CompletableFuture<Optional<Item>> waiting = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                waiting.complete(feed.next(Duration.ofMinutes(5)));
              } catch (InterruptedException e) {
                waiting.completeExceptionally(e);
              }
            });

    feed.close();

    assertThat(waiting.get(1, TimeUnit.MINUTES)).contains(new Item.Closed());
  }

  @Test
  void takesABoundedNumberOfListeners() {
    PeerFeed first = peers.listen().orElseThrow();
    for (int i = 1; i < PeerDirectory.MAX_FEEDS; i++) {
      assertThat(peers.listen()).isPresent();
    }
    assertThat(peers.listen()).isEmpty();
    first.close();
    assertThat(peers.listen()).isPresent();
  }

  @Test
  void doesNotListANodeThatIsForgotten() throws Exception {
    peers.leased(assigned(UUID.randomUUID(), "10.86.0.9"));

    assertThat(peers.snapshot(_ -> true).items()).isEmpty();
  }
}
