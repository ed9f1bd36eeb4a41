package io.penstock.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.NodeKey;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.lease.AddressWish;
import io.penstock.gateway.overlay.lease.LeaseGrant;
import io.penstock.gateway.overlay.lease.LeaseListener;
import io.penstock.gateway.overlay.lease.PoolConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// What every storage does for the overlay; part of [StorageContract].
abstract class OverlayStorageContract extends StorageFixture {

  private static final UUID ONE = UUID.fromString("00000000-0000-4000-8000-000000000001");
  private static final UUID TWO = UUID.fromString("00000000-0000-4000-8000-000000000002");
  private static final UUID GATEWAY = UUID.fromString("00000000-0000-4000-8000-0000000000aa");
  private static final NodeKey KEY = new NodeKey("A".repeat(43));
  private static final NodeKey OTHER_KEY = new NodeKey("B".repeat(42) + "A");

  private static final LeaseListener NOBODY =
      new LeaseListener() {
        @Override
        public void leased(StoredLease lease) {}

        @Override
        public void freed(StoredLease lease) {}
      };

  private NodeBinding bind(UUID node, String name, NodeKey key, String user, long signedMillis)
      throws StorageException {
    return storage
        .overlay()
        .bind(
            new SessionRequest(node, name, key),
            user,
            NOON.plusMillis(signedMillis),
            clock.instant(),
            2);
  }

  @Test
  void bindsIdNameKeyAndUserOfANodeTogether() throws Exception {
    StoredNode node = new StoredNode(ONE, "db", KEY, "ann", NOON, NOON);

    assertThat(bind(ONE, "db", KEY, "ann", 0)).isEqualTo(new NodeBinding.Bound(node, true));
    clock.advance(Duration.ofSeconds(1));

    assertThat(bind(ONE, "db", OTHER_KEY, "ann", 1)).isEqualTo(new NodeBinding.OtherKey());
    assertThat(bind(ONE, "db", KEY, "bob", 1)).isEqualTo(new NodeBinding.OtherUser());
    assertThat(bind(ONE, "web", KEY, "ann", 1)).isEqualTo(new NodeBinding.OtherName("db"));
    assertThat(bind(TWO, "db", OTHER_KEY, "bob", 1)).isEqualTo(new NodeBinding.NameTaken());
    assertThat(storage.overlay().nodes()).containsExactly(node);
    assertThat(bind(ONE, "db", KEY, "ann", 1))
        .isEqualTo(
            new NodeBinding.Bound(
                new StoredNode(ONE, "db", KEY, "ann", NOON, NOON.plusSeconds(1)), false));
  }

  @Test
  void knowsWhoseNodesThereAre() throws Exception {
    bind(ONE, "db", KEY, "ann", 0);
    bind(TWO, "web", KEY, "bob", 0);
    Set<UUID> many =
        IntStream.range(0, 70_000)
            .mapToObj(i -> new UUID(7, i))
            .collect(Collectors.toCollection(HashSet::new));
    many.add(ONE);

    assertThat(storage.overlay().owners(many)).containsExactly(Map.entry(ONE, "ann"));
    assertThat(storage.overlay().owners(Set.of(ONE, TWO)))
        .containsOnly(Map.entry(ONE, "ann"), Map.entry(TWO, "bob"));
    assertThat(storage.overlay().owners(Set.of())).isEmpty();
    storage.overlay().withLeases(leases -> leases.removeNode(ONE));
    assertThat(storage.overlay().owners(Set.of(ONE))).isEmpty();
  }

  @Test
  void takesNoSignatureThatIsNotLaterThanTheLast() throws Exception {
    bind(ONE, "db", KEY, "ann", 5);

    assertThat(bind(ONE, "db", KEY, "ann", 5)).isEqualTo(new NodeBinding.Replayed());
    assertThat(bind(ONE, "db", KEY, "ann", 4)).isEqualTo(new NodeBinding.Replayed());
    assertThat(bind(ONE, "db", KEY, "ann", 6)).isInstanceOf(NodeBinding.Bound.class);
    assertThat(bind(ONE, "db", KEY, "ann", 6)).isEqualTo(new NodeBinding.Replayed());
  }

  @Test
  void hasNoMoreNodesThanItMay() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);
    bind(TWO, "b", KEY, "ann", 0);

    assertThat(bind(UUID.randomUUID(), "c", KEY, "ann", 0)).isEqualTo(new NodeBinding.Full());
    assertThat(bind(TWO, "b", KEY, "ann", 1)).isInstanceOf(NodeBinding.Bound.class);
  }

  @Test
  void givesOneNameToOneOfManyNodesThatWantItAtOnce() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<NodeBinding>> wishes =
          IntStream.range(0, 16)
              .<Callable<NodeBinding>>mapToObj(
                  _ ->
                      () ->
                          storage
                              .overlay()
                              .bind(
                                  new SessionRequest(UUID.randomUUID(), "db", KEY),
                                  "ann",
                                  NOON,
                                  NOON,
                                  100))
              .toList();
      List<NodeBinding> bindings = new ArrayList<>();
      for (Future<NodeBinding> future : executor.invokeAll(wishes)) {
        bindings.add(future.get());
      }
      assertThat(bindings).filteredOn(NodeBinding.Bound.class::isInstance).hasSize(1);
      assertThat(bindings).filteredOn(NodeBinding.NameTaken.class::isInstance).hasSize(15);
    }
  }

  private StoredLease lease(UUID node, String address, Optional<Instant> heldUntil)
      throws StorageException {
    return storage
        .overlay()
        .withLeases(
            leases -> {
              StoredLease lease =
                  new StoredLease(
                      IpAddress.parse(address),
                      node,
                      leases.nextGeneration(),
                      heldUntil,
                      Optional.of(GATEWAY));
              leases.put(lease);
              return lease;
            });
  }

  @Test
  void remembersLeasesOfBothFamiliesAfterARestart() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);
    StoredLease four = lease(ONE, "10.86.0.9", Optional.empty());
    StoredLease six = lease(ONE, "fd7c::9", Optional.of(NOON.plusMillis(7)));
    storage.close();

    storage = open(clock);

    assertThat(storage.overlay().<List<StoredLease>>withLeases(LeaseTable::all))
        .containsExactly(four, six);
    assertThat(six.generation()).isGreaterThan(four.generation());
    assertThat(lease(ONE, "10.86.0.9", Optional.empty()).generation())
        .isGreaterThan(six.generation());
  }

  @Test
  void remembersWhichGatewayGrantedALease() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);
    bind(TWO, "b", KEY, "ann", 0);
    StoredLease known = lease(ONE, "10.86.0.9", Optional.empty());
    StoredLease unknown =
        new StoredLease(IpAddress.parse("10.86.0.10"), TWO, 7, Optional.empty(), Optional.empty());

    List<StoredLease> stored =
        storage
            .overlay()
            .withLeases(
                leases -> {
                  leases.put(unknown);
                  return leases.all();
                });

    assertThat(known.gateway()).contains(GATEWAY);
    assertThat(stored).containsExactly(known, unknown);
  }

  /// Starts a gateway's pool on a connection of its own, as another process does.
  private AddressPool pool(UUID gateway, Storage storage) throws StorageException {
    return AddressPool.open(
        PoolConfig.DEFAULT, gateway, storage.overlay(), clock, new Random(7), NOBODY);
  }

  @Test
  void aGatewayThatStartsOrStopsHoldsTheLeasesThatItGrantedItself() throws Exception {
    UUID other = UUID.fromString("00000000-0000-4000-8000-0000000000bb");
    bind(ONE, "a", KEY, "ann", 0);
    bind(TWO, "b", KEY, "ann", 0);
    try (Storage second = open(clock)) {
      AddressPool ours = pool(GATEWAY, storage);
      ours.allocate(ONE, new AddressWish.Any(IpFamily.IPV4));
      AddressPool theirs = pool(other, second);
      theirs.allocate(TWO, new AddressWish.Any(IpFamily.IPV4));
      assertThat(held(ours)).isEmpty();

      ours.close();
      ours = pool(GATEWAY, storage);
      assertThat(held(ours)).containsExactly(ONE);

      pool(other, second);
      assertThat(held(ours)).containsExactlyInAnyOrder(ONE, TWO);
    }
  }

  @Test
  void aNodeThatGoesToAnotherGatewayTakesItsLeaseAlong() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);
    try (Storage second = open(clock)) {
      AddressPool ours = pool(GATEWAY, storage);
      StoredLease first = granted(ours.allocate(ONE, new AddressWish.Any(IpFamily.IPV4)));
      AddressPool theirs = pool(TWO, second);
      StoredLease now = granted(theirs.allocate(ONE, new AddressWish.Any(IpFamily.IPV4)));

      assertThat(now.address()).isEqualTo(first.address());
      assertThat(ours.putOnHold(first)).as("it is theirs now").isFalse();
      pool(GATEWAY, storage);
      assertThat(held(theirs)).isEmpty();
    }
  }

  private static StoredLease granted(LeaseGrant grant) {
    return ((LeaseGrant.Granted) grant).lease();
  }

  private static List<UUID> held(AddressPool pool) throws StorageException {
    return pool.leases().stream()
        .filter(lease -> lease.heldUntil().isPresent())
        .map(StoredLease::node)
        .toList();
  }

  @Test
  void findsLeasesByNodeAddressAndHold() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);
    StoredLease four = lease(ONE, "10.86.0.9", Optional.of(NOON));
    StoredLease six = lease(ONE, "fd7c::9", Optional.empty());

    storage
        .overlay()
        .withLeases(
            leases -> {
              assertThat(leases.of(ONE, IpFamily.IPV4)).contains(four);
              assertThat(leases.of(ONE, IpFamily.IPV6)).contains(six);
              assertThat(leases.of(TWO, IpFamily.IPV6)).isEmpty();
              assertThat(leases.at(six.address())).contains(six);
              assertThat(leases.expired(NOON)).isEmpty();
              assertThat(leases.expired(NOON.plusMillis(1))).containsExactly(four);
              leases.remove(four.address());
              assertThat(leases.at(four.address())).isEmpty();
              assertThat(leases.hasNode(ONE)).isTrue();
              assertThat(leases.hasNode(TWO)).isFalse();
              return leases;
            });
  }

  @Test
  void changesLeasesWhollyOrNotAtAll() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);

    assertThatThrownBy(
            () ->
                storage
                    .overlay()
                    .withLeases(
                        leases -> {
                          leases.put(
                              new StoredLease(
                                  IpAddress.parse("10.86.0.9"),
                                  ONE,
                                  1,
                                  Optional.empty(),
                                  Optional.empty()));
                          throw new StorageException("in between");
                        }))
        .hasMessage("in between");
    assertThatThrownBy(() -> lease(TWO, "10.86.0.9", Optional.empty()))
        .as("no such node")
        .isInstanceOf(StorageException.class);

    assertThat(storage.overlay().<List<StoredLease>>withLeases(LeaseTable::all)).isEmpty();
  }

  @Test
  void countsGenerationsWithoutAGapOrARepetition() throws Exception {
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Boolean>> counting =
          IntStream.range(0, 16)
              .<Callable<Boolean>>mapToObj(
                  _ ->
                      () ->
                          seen.add(storage.overlay().<Long>withLeases(LeaseTable::nextGeneration)))
              .toList();
      for (Future<Boolean> future : executor.invokeAll(counting)) {
        assertThat(future.get()).isTrue();
      }
    }
    assertThat(seen)
        .containsExactlyInAnyOrderElementsOf(LongStream.rangeClosed(1, 16).boxed().toList());
  }

  @Test
  void forgetsANodeWithItsLeases() throws Exception {
    bind(ONE, "a", KEY, "ann", 0);
    lease(ONE, "10.86.0.9", Optional.empty());

    assertThat(storage.overlay().<Boolean>withLeases(leases -> leases.removeNode(ONE))).isTrue();

    assertThat(storage.overlay().node(ONE)).isEmpty();
    assertThat(storage.overlay().<List<StoredLease>>withLeases(LeaseTable::all)).isEmpty();
    assertThat(storage.overlay().<Boolean>withLeases(leases -> leases.removeNode(ONE))).isFalse();
    assertThat(bind(TWO, "a", OTHER_KEY, "bob", 0)).isInstanceOf(NodeBinding.Bound.class);
  }

  @Test
  void keepsSigningKeysUntilTheyRetire() throws Exception {
    StoredSigningKey first =
        new StoredSigningKey("k1", "private", "public", NOON, NOON.plusSeconds(10));
    StoredSigningKey second =
        new StoredSigningKey("k2", "private", "public", NOON.plusSeconds(5), NOON.plusSeconds(20));
    storage.overlay().addSigningKey(first);
    storage.overlay().addSigningKey(second);

    assertThat(storage.overlay().signingKeys(NOON)).containsExactly(second, first);
    assertThat(storage.overlay().signingKeys(NOON.plusSeconds(10))).containsExactly(second);

    storage
        .overlay()
        .addSigningKey(
            new StoredSigningKey(
                "k3", "private", "public", NOON.plusSeconds(10), NOON.plusSeconds(30)));
    assertThat(storage.overlay().signingKeys(NOON))
        .extracting(StoredSigningKey::kid)
        .containsExactly("k3", "k2");
    assertThat(first).asString().doesNotContain("private");
  }
}
