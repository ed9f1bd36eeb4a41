package io.penstock.gateway.overlay.lease;

import static io.penstock.gateway.overlay.MovedClock.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.NodeKey;
import io.penstock.api.SessionRequest;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.overlay.lease.AddressPool.Release;
import io.penstock.gateway.overlay.lease.LeaseGrant.Refusal;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredLease;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressPoolTest {

  private static final AddressWish ANY4 = new AddressWish.Any(IpFamily.IPV4);
  private static final AddressWish ANY6 = new AddressWish.Any(IpFamily.IPV6);
  private static final Duration HOLD = Duration.ofMinutes(10);
  private static final UUID GATEWAY = UUID.fromString("00000000-0000-4000-8000-0000000000aa");

  @TempDir Path directory;

  private final MovedClock clock = new MovedClock();
  private final List<String> heard = new ArrayList<>();
  private final UUID ann = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private final UUID bob = UUID.fromString("00000000-0000-4000-8000-00000000000b");
  private Storage storage;
  private AddressPool pool;

  @BeforeEach
  void open() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    node(ann, "ann");
    node(bob, "bob");
    pool = pool("10.86.0.0/29", "fd7c::/64");
  }

  @AfterEach
  void close() {
    storage.close();
  }

  private void node(UUID id, String name) throws Exception {
    storage
        .overlay()
        .bind(
            new SessionRequest(id, name, new NodeKey("A".repeat(43))),
            "ann",
            NOON,
            NOON,
            Integer.MAX_VALUE);
  }

  private UUID newNode() throws Exception {
    UUID id = UUID.randomUUID();
    node(id, "n" + id.toString());
    return id;
  }

  private AddressPool pool(String ipv4, String ipv6) throws Exception {
    return pool(GATEWAY, ipv4, ipv6);
  }

  private AddressPool pool(UUID gateway, String ipv4, String ipv6) throws Exception {
    return AddressPool.open(
        new PoolConfig(Optional.of(IpPrefix.parse(ipv4)), Optional.of(IpPrefix.parse(ipv6)), HOLD),
        gateway,
        storage.overlay(),
        clock,
        new Random(7),
        new LeaseListener() {
          @Override
          public void leased(StoredLease lease) {
            heard.add((lease.heldUntil().isEmpty() ? "assigned " : "held ") + lease.address());
          }

          @Override
          public void freed(StoredLease lease) {
            heard.add("freed " + lease.address());
          }
        });
  }

  private static AddressWish exactly(String address) {
    return AddressWish.of(IpAddress.parse(address));
  }

  private StoredLease granted(UUID node, AddressWish wish) throws Exception {
    return switch (pool.allocate(node, wish)) {
      case LeaseGrant.Granted(var lease) -> lease;
      case LeaseGrant.Refused(var refusal) -> throw new AssertionError("refused: " + refusal);
    };
  }

  private Refusal refused(UUID node, AddressWish wish) throws Exception {
    return switch (pool.allocate(node, wish)) {
      case LeaseGrant.Granted(var lease) -> throw new AssertionError("granted: " + lease);
      case LeaseGrant.Refused(var refusal) -> refusal;
    };
  }

  @Test
  void givesANodeOneAddressOfEachFamily() throws Exception {
    StoredLease four = granted(ann, ANY4);
    StoredLease six = granted(ann, ANY6);

    assertThat(pool.leases()).containsExactly(four, six);
    assertThat(four.address().toString()).matches("10\\.86\\.0\\.[2-6]");
    assertThat(six.address().toString()).startsWith("fd7c::");
    assertThat(four.heldUntil()).isEmpty();
    assertThat(heard).containsExactly("assigned " + four.address(), "assigned " + six.address());
  }

  @Test
  void takesUnspecifiedAddressesForAnyOfTheirFamily() {
    assertThat(exactly("0.0.0.0")).isEqualTo(ANY4);
    assertThat(exactly("::")).isEqualTo(ANY6);
  }

  @Test
  void givesTheAddressThatIsAskedFor() throws Exception {
    assertThat(granted(ann, exactly("10.86.0.5")).address()).hasToString("10.86.0.5");
    assertThat(granted(bob, exactly("fd7c::5")).address()).hasToString("fd7c::5");
  }

  @ParameterizedTest
  @CsvSource({
    "10.86.0.0, RESERVED",
    "10.86.0.1, RESERVED",
    "10.86.0.7, RESERVED",
    "10.86.0.8, OUT_OF_RANGE",
    "10.85.255.255, OUT_OF_RANGE",
    "fd7c::1, RESERVED",
    "fd7c:0:0:1::2, OUT_OF_RANGE"
  })
  void refusesWhatIsNobodysOrNotOurs(String address, Refusal refusal) throws Exception {
    assertThat(refused(ann, exactly(address))).isEqualTo(refusal);
    assertThat(pool.leases()).isEmpty();
  }

  @Test
  void refusesAFamilyThatTheNetworkDoesNotHave() throws Exception {
    pool =
        AddressPool.open(
            new PoolConfig(Optional.empty(), Optional.of(PoolConfig.DEFAULT_IPV6), HOLD),
            GATEWAY,
            storage.overlay(),
            clock,
            new Random(7),
            new LeaseListener() {
              @Override
              public void leased(StoredLease lease) {}

              @Override
              public void freed(StoredLease lease) {}
            });

    assertThat(refused(ann, ANY4)).isEqualTo(Refusal.NO_SUCH_FAMILY);
    assertThat(granted(ann, ANY6)).isNotNull();
  }

  @Test
  void refusesANodeThatIsForgotten() throws Exception {
    granted(ann, ANY4);

    assertThat(pool.forget(ann)).isTrue();

    assertThat(pool.leases()).isEmpty();
    assertThat(refused(ann, ANY4)).isEqualTo(Refusal.UNKNOWN_NODE);
    assertThat(pool.forget(ann)).isFalse();
  }

  @Test
  void tellsOnceMoreThatAnAddressIsFreeWhenATunnelOfAForgottenNodeEnds() throws Exception {
    StoredLease lease = granted(ann, ANY4);
    pool.forget(ann);
    heard.clear();

    assertThat(pool.putOnHold(lease)).isFalse();

    assertThat(heard).containsExactly("freed " + lease.address());
    StoredLease next = granted(bob, new AddressWish.Exactly(lease.address()));
    heard.clear();
    assertThat(pool.putOnHold(lease)).as("it is another's by now").isFalse();
    assertThat(heard).isEmpty();
    assertThat(pool.leases()).containsExactly(next);
  }

  @Test
  void givesTheSameAddressToANodeThatRegistersAgain() throws Exception {
    StoredLease first = granted(ann, ANY4);
    StoredLease any = granted(ann, ANY4);
    StoredLease named = granted(ann, new AddressWish.Exactly(first.address()));

    assertThat(any.address()).isEqualTo(first.address());
    assertThat(named.address()).isEqualTo(first.address());
    assertThat(any.generation()).isGreaterThan(first.generation());
    assertThat(named.generation()).isGreaterThan(any.generation());
    assertThat(pool.leases()).containsExactly(named);
  }

  @Test
  void movesANodeThatAsksForAnotherAddressAndFreesTheFirst() throws Exception {
    granted(ann, exactly("10.86.0.2"));
    StoredLease second = granted(ann, exactly("10.86.0.3"));

    assertThat(pool.leases()).containsExactly(second);
    assertThat(granted(bob, exactly("10.86.0.2")).address()).hasToString("10.86.0.2");
    assertThat(heard)
        .containsExactly(
            "assigned 10.86.0.2", "freed 10.86.0.2", "assigned 10.86.0.3", "assigned 10.86.0.2");
  }

  @Test
  void leavesANodeItsAddressWhenItCannotHaveTheOtherOne() throws Exception {
    StoredLease mine = granted(ann, exactly("10.86.0.2"));
    StoredLease other = granted(bob, exactly("10.86.0.3"));

    assertThat(refused(ann, exactly("10.86.0.3"))).isEqualTo(Refusal.TAKEN);

    assertThat(pool.leases()).containsExactly(mine, other);
  }

  @Test
  void holdsTheAddressOfANodeThatIsGone() throws Exception {
    StoredLease lease = granted(ann, exactly("10.86.0.2"));

    assertThat(pool.putOnHold(lease)).isTrue();

    assertThat(pool.leases())
        .extracting(StoredLease::heldUntil)
        .containsExactly(Optional.of(NOON.plus(HOLD)));
    assertThat(refused(bob, exactly("10.86.0.2"))).isEqualTo(Refusal.TAKEN);
    assertThat(pool.putOnHold(lease)).as("it is on hold already").isFalse();
    clock.advance(HOLD);
    assertThat(pool.sweep()).as("not at the very end of the hold").isZero();
    assertThat(refused(bob, exactly("10.86.0.2"))).isEqualTo(Refusal.TAKEN);
    assertThat(granted(ann, ANY4).address()).isEqualTo(lease.address());
    assertThat(pool.leases()).extracting(StoredLease::heldUntil).containsExactly(Optional.empty());
  }

  @Test
  void freesAnAddressWhoseHoldIsOver() throws Exception {
    pool.putOnHold(granted(ann, exactly("10.86.0.2")));
    clock.advance(HOLD.plusMillis(1));

    assertThat(pool.sweep()).isEqualTo(1);

    assertThat(pool.leases()).isEmpty();
    assertThat(heard).endsWith("freed 10.86.0.2");
    assertThat(granted(bob, exactly("10.86.0.2"))).isNotNull();
  }

  @Test
  void givesAnAddressWhoseHoldIsOverAlsoWithoutASweep() throws Exception {
    pool.putOnHold(granted(ann, exactly("10.86.0.2")));
    clock.advance(HOLD.plusMillis(1));

    assertThat(granted(bob, exactly("10.86.0.2")).node()).isEqualTo(bob);
    assertThat(granted(ann, ANY4).address()).isNotEqualTo(IpAddress.parse("10.86.0.2"));
  }

  @Test
  void letsAnOlderTunnelEndWithoutAnyEffectOnTheNewer() throws Exception {
    StoredLease older = granted(ann, ANY4);
    StoredLease newer = granted(ann, ANY4);

    assertThat(pool.putOnHold(older)).isFalse();
    assertThat(pool.deallocate(older)).isFalse();

    assertThat(pool.leases()).containsExactly(newer);
    assertThat(pool.putOnHold(newer)).isTrue();
  }

  @Test
  void letsAStaleEndNotTouchTheAddressOfItsNewOwner() throws Exception {
    StoredLease stale = granted(ann, exactly("10.86.0.2"));
    pool.deallocate(stale);
    StoredLease others = granted(bob, exactly("10.86.0.2"));

    assertThat(pool.putOnHold(stale)).isFalse();
    assertThat(pool.deallocate(stale)).isFalse();

    assertThat(pool.leases()).containsExactly(others);
  }

  @Test
  void refusesWhenEveryAddressIsTakenAndGivesTheLastFreeOne() throws Exception {
    Set<String> addresses = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      addresses.add(granted(newNode(), ANY4).address().toString());
    }
    assertThat(addresses)
        .containsExactlyInAnyOrder("10.86.0.2", "10.86.0.3", "10.86.0.4", "10.86.0.5", "10.86.0.6");
    assertThat(refused(ann, ANY4)).isEqualTo(Refusal.EXHAUSTED);

    pool.putOnHold(pool.leases().get(3));
    assertThat(refused(ann, ANY4)).as("one is on hold").isEqualTo(Refusal.EXHAUSTED);
    assertThat(pool.release(IpAddress.parse("10.86.0.5"))).isEqualTo(Release.RELEASED);

    assertThat(granted(ann, ANY4).address()).hasToString("10.86.0.5");
  }

  @Test
  void picksEachFreeAddressAsOftenAsTheOthers() throws Exception {
    granted(bob, exactly("10.86.0.4"));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 400; i++) {
      StoredLease lease = granted(ann, ANY4);
      counts.merge(lease.address().toString(), 1, Integer::sum);
      pool.deallocate(lease);
    }

    assertThat(counts.keySet())
        .containsExactlyInAnyOrder("10.86.0.2", "10.86.0.3", "10.86.0.5", "10.86.0.6");
    assertThat(counts.values()).allSatisfy(count -> assertThat(count).isBetween(70, 130));
  }

  @Test
  void picksFromAHugeRangeAtOnceAndFromAllOfIt() throws Exception {
    pool = pool("10.0.0.0/8", "fd00::/32");
    Set<Integer> firstBytes = new HashSet<>();
    for (int i = 0; i < 64; i++) {
      StoredLease lease = granted(newNode(), ANY6);
      firstBytes.add(lease.address().bytes()[4] & 0xff);
      assertThat(IpPrefix.parse("fd00::/32").contains(lease.address())).isTrue();
    }
    assertThat(firstBytes).hasSizeGreaterThan(40);
  }

  @Test
  void holdsWhatIsAssignedWhenItIsClosedAndHearsNoMoreOfTunnels() throws Exception {
    StoredLease assigned = granted(ann, ANY4);

    pool.close();
    pool.close();

    assertThat(heard).endsWith("held " + assigned.address());
    assertThat(pool.putOnHold(assigned)).isFalse();
    assertThat(refused(bob, ANY4)).isEqualTo(Refusal.CLOSED);
    assertThat(pool.leases()).containsExactly(assigned.held(NOON.plus(HOLD)));
  }

  @Test
  void leavesLeasesOfOtherGatewaysAloneEvenThoseOfOtherRanges() throws Exception {
    StoredLease theirs = granted(ann, ANY4);

    AddressPool ours = pool(UUID.randomUUID(), "10.99.0.0/29", "fd99::/64");

    assertThat(ours.leases()).containsExactly(theirs);
  }

  @Test
  void survivesARestartWithWhatWasAssignedOnHold() throws Exception {
    StoredLease assigned = granted(ann, exactly("10.86.0.2"));
    StoredLease held = granted(bob, exactly("10.86.0.3"));
    pool.putOnHold(held);
    storage.close();
    clock.advance(Duration.ofMinutes(1));
    heard.clear();

    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    pool = pool("10.86.0.0/29", "fd7c::/64");

    assertThat(heard).containsExactlyInAnyOrder("held 10.86.0.2", "held 10.86.0.3");
    assertThat(pool.leases())
        .extracting(StoredLease::heldUntil)
        .containsExactly(
            Optional.of(NOON.plus(HOLD).plusSeconds(60)), Optional.of(NOON.plus(HOLD)));
    assertThat(granted(ann, ANY4).address()).isEqualTo(assigned.address());
    assertThat(pool.putOnHold(assigned)).as("a lease from before the restart").isFalse();
  }

  @Test
  void dropsLeasesThatTheConfiguredRangesNoLongerHave() throws Exception {
    granted(ann, exactly("10.86.0.2"));
    granted(ann, exactly("fd7c::2"));
    heard.clear();

    pool = pool("10.87.0.0/16", "fd7c::/64");

    assertThat(heard).containsExactly("freed 10.86.0.2", "held fd7c::2");
    assertThat(granted(ann, ANY4).address().toString()).startsWith("10.87.");
  }

  @Test
  void freesByHandOnlyWhatNoTunnelUses() throws Exception {
    StoredLease lease = granted(ann, exactly("10.86.0.2"));

    assertThat(pool.release(lease.address())).isEqualTo(Release.IN_USE);
    pool.putOnHold(lease);
    assertThat(pool.release(lease.address())).isEqualTo(Release.RELEASED);
    assertThat(pool.release(lease.address())).isEqualTo(Release.NOBODYS);
  }

  @Test
  void holdsLaterWhatItCouldNotHoldWhenTheDatabaseWasAway() throws Exception {
    StoredLease lease = granted(ann, exactly("10.86.0.2"));
    try (var blocker =
            java.sql.DriverManager.getConnection(
                "jdbc:sqlite:" + directory.resolve("penstock.db"));
        var statement = blocker.createStatement()) {
      statement.execute("BEGIN EXCLUSIVE");
      assertThat(pool.putOnHold(lease)).isFalse();
      statement.execute("ROLLBACK");
    }
    assertThat(pool.leases()).containsExactly(lease);

    pool.sweep();

    assertThat(pool.leases()).extracting(StoredLease::heldUntil).doesNotContain(Optional.empty());
  }

  @Test
  void givesNoAddressTwiceHoweverManyAskAtOnce() throws Exception {
    List<UUID> nodes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      nodes.add(newNode());
    }
    List<LeaseGrant> grants = new ArrayList<>();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<LeaseGrant>> asking =
          IntStream.range(0, 20)
              .<Callable<LeaseGrant>>mapToObj(i -> () -> pool.allocate(nodes.get(i), ANY4))
              .toList();
      for (Future<LeaseGrant> each : executor.invokeAll(asking)) {
        grants.add(each.get());
      }
    }

    assertThat(grants).filteredOn(LeaseGrant.Granted.class::isInstance).hasSize(5);
    assertThat(pool.leases()).extracting(StoredLease::address).doesNotHaveDuplicates().hasSize(5);
  }

  @Test
  void saysWhichRangesAreAllowed() {
    assertThatThrownBy(
            () ->
                new PoolConfig(
                    Optional.of(IpPrefix.parse("10.86.0.0/30")),
                    Optional.of(IpPrefix.parse("fd7c::/121")),
                    HOLD))
        .hasMessageContaining("overlay.ipv4 is 10.86.0.0/30, allowed is an IPv4 network from /8")
        .hasMessageContaining("overlay.ipv6 is fd7c::/121, allowed is an IPv6 network from /32");
    assertThatThrownBy(() -> new PoolConfig(Optional.empty(), Optional.empty(), HOLD))
        .hasMessageContaining("overlay.ipv4 is off");
  }
}
