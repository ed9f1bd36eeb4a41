package io.penstock.it.simulation;

import static io.penstock.it.simulation.OverlayRun.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.session.SessionConfig;
import io.penstock.gateway.store.StoredLease;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.Seeds;
import io.penstock.transport.netstack.AddressChangedException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two nodes and a gateway in virtual time: whatever happens to links and gateway within the hold
/// of a lease, connections go on; the seed of a run that fails replays it.
@Timeout(value = 5, unit = TimeUnit.MINUTES) // many runs, none of which waits for anything
class OverlaySimulationTest {

  private static final int SEEDS = 25;
  private static final int SEEDS_OF_ONE_CASE = 5;

  /// Leaks are looked for on every access to a buffer, so bytes are what a run costs.
  private static final int MANY_BYTES = 1 << 17;

  private static final int LONG_BYTES = 1 << 16;

  /// Over which some connections of [#LONG_BYTES] take seconds.
  private static final LinkFaults SLOW = LinkFaults.none(10).withRate(50_000, 20_000);

  private static final PoolConfig SHORT_HOLD =
      new PoolConfig(PoolConfig.DEFAULT.ipv4(), PoolConfig.DEFAULT.ipv6(), Duration.ofMinutes(1));

  @TempDir private Path directory;

  private final AtomicInteger databases = new AtomicInteger();

  private OverlayRun run(long seed, PoolConfig addresses, SessionConfig sessions, LinkFaults faults)
      throws IOException {
    Path database = directory.resolve("run-" + databases.incrementAndGet() + ".db");
    return new OverlayRun(seed, database, addresses, sessions, faults);
  }

  private OverlayRun run(long seed, LinkFaults faults) throws IOException {
    return run(seed, PoolConfig.DEFAULT, SessionConfig.DEFAULT, faults);
  }

  // ---- everything at once ----

  @Test
  void transfers_are_whole_whatever_happens_to_links_and_gateway() {
    Seeds.forEach(
        SEEDS,
        seed -> {
          try (OverlayRun run = troubled(seed)) {
            List<IpAddress> before = run.addresses();
            run.runToEnd();
            assertWhole(run);
            assertRefused(run);
            assertThat(run.addresses()).as(run.trace.notes()).isEqualTo(before);
            assertNothingIsLeft(run);
          }
        });
  }

  @Test
  void the_same_seed_is_the_same_run_to_the_last_bit() throws Exception {
    for (long seed = 1; seed <= 3; seed++) {
      assertThat(traceOf(seed)).isEqualTo(traceOf(seed));
    }
    assertThat(traceOf(1)).isNotEqualTo(traceOf(2));
  }

  private String traceOf(long seed) throws IOException {
    try (OverlayRun run = troubled(seed)) {
      run.runToEnd();
      return run.trace.notes() + run.trace.digest();
    }
  }

  /// Two nodes that have joined, connections that are about to begin, and trouble that is to come.
  private OverlayRun troubled(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(~seed);
    Duration session = Duration.ofSeconds(20 + random.nextInt(600));
    OverlayRun run =
        run(
            seed,
            PoolConfig.DEFAULT,
            SessionConfig.DEFAULT.withSessionLifetime(session),
            faults(random));
    run.join();
    for (int i = random.nextInt(1, 8); i > 0; i--) {
      run.plan(oneOf(run, random), random.nextLong(20 * SECOND), MANY_BYTES);
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      run.planRefusal(oneOf(run, random), random.nextLong(20 * SECOND));
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      long lasts = random.nextLong(60 * SECOND);
      OverlayRun.Link link = random.nextBoolean() ? run.webLink : run.laptopLink;
      Runnable trouble =
          switch (random.nextInt(4)) {
            case 0, 1 -> () -> run.outage(link, lasts);
            case 2 -> () -> run.restartGateway(lasts / 2);
            default -> {
              LinkFaults up = faults(random);
              LinkFaults down = faults(random);
              yield () -> link.setFaults(up, down);
            }
          };
      run.network.schedule(random.nextLong(40 * SECOND), trouble);
    }
    return run;
  }

  private static SimulatedNode oneOf(OverlayRun run, SplittableRandom random) {
    return random.nextBoolean() ? run.web : run.laptop;
  }

  private static LinkFaults faults(SplittableRandom random) {
    LinkFaults faults = LinkFaults.none(random.nextInt(1, 60));
    if (random.nextInt(3) > 0) {
      faults = faults.withLoss(random.nextDouble() * 0.05);
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withBursts(random.nextDouble() * 0.005, 1 + random.nextInt(400));
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withJitter(random.nextInt(40));
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withReordering(random.nextDouble() * 0.1, 1 + random.nextInt(100));
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withDuplication(random.nextDouble() * 0.05);
    }
    if (random.nextInt(3) == 0) {
      int rate = 20_000 << random.nextInt(7);
      faults = faults.withRate(rate, 10_000 + random.nextInt(rate));
    }
    return faults;
  }

  // ---- handshakes ----

  @Test
  void without_loss_accepted_flows_complete_on_their_first_syn() {
    Seeds.forEach(
        SEEDS_OF_ONE_CASE,
        seed -> {
          try (OverlayRun run = run(seed, LinkFaults.none(1 + seed % 50))) {
            run.join();
            for (int i = 0; i < 30; i++) {
              run.plan(i % 2 == 0 ? run.web : run.laptop, i * SECOND / 20, 2000);
            }
            run.runToEnd();
            assertWhole(run);
            for (OverlayRun.Planned each : run.planned) {
              assertThat(each.from.handshakes.syns(each.port)).as("SYNs of %s", each).isOne();
              assertThat(each.to.handshakes.synAcks(each.port)).as("answers to %s", each).isOne();
              assertThat(each.accepted()).as("how often %s was accepted", each).isOne();
            }
            assertThat(run.web.count(stack -> stack.tcp().counters().retransmissions())).isZero();
            assertThat(run.laptop.count(stack -> stack.tcp().counters().retransmissions()))
                .isZero();
          }
        });
  }

  @Test
  void unclaimed_and_rejected_flows_are_reset_before_any_syn_ack() {
    Seeds.forEach(
        SEEDS_OF_ONE_CASE,
        seed -> {
          try (OverlayRun run = run(seed, LinkFaults.none(1 + seed % 50))) {
            run.join();
            for (int i = 0; i < 30; i++) {
              run.planRefusal(i % 2 == 0 ? run.web : run.laptop, i * SECOND / 20);
            }
            run.runToEnd();
            assertRefused(run);
            for (OverlayRun.Refused each : run.refused) {
              assertThat(each.from().handshakes.syns(each.port())).isOne();
              assertThat(each.to().handshakes.resets(each.port())).isOne();
            }
            assertThat(run.web.fallback.counts().inFlight()).isZero();
            assertThat(run.laptop.fallback.counts().inFlight()).isZero();
          }
        });
  }

  // ---- leases ----

  @Test
  void a_lease_survives_an_outage_and_the_connections_go_on_over_a_new_session() {
    Seeds.forEach(
        SEEDS_OF_ONE_CASE,
        seed -> {
          try (OverlayRun run = run(seed, SLOW)) {
            begin(run, 5);
            List<IpAddress> before = run.addresses();
            long newest = newestGeneration(run);
            run.outage(run.laptopLink, 120 * SECOND);
            run.network.runFor(100 * SECOND);

            assertThat(run.planned).as("it is cut in the middle").noneMatch(each -> each.isOver());
            assertThat(run.laptop.tunnel.isUp()).isFalse();
            assertThat(heldOf(run, run.laptop)).as("leases on hold").isEqualTo(2);
            assertThat(heldOf(run, run.web)).isZero();

            run.runUntil(run.laptop::isJoined);
            assertGoesOnAtOnce(run);
            run.runToEnd();
            assertWhole(run);
            assertThat(run.addresses()).isEqualTo(before);
            assertThat(run.laptop.tunnel.connections()).isGreaterThan(1);
            assertThat(run.web.tunnel.connections()).as("the other tunnel was not lost").isOne();
            assertThat(newestGeneration(run)).as("granted anew").isGreaterThan(newest);
            assertThat(heldOf(run, run.laptop)).isZero();
          }
        });
  }

  @Test
  void connections_outlive_a_gateway_that_is_killed_under_them() {
    Seeds.forEach(
        SEEDS_OF_ONE_CASE,
        seed -> {
          try (OverlayRun run = run(seed, SLOW)) {
            begin(run, 5);
            List<IpAddress> before = run.addresses();
            run.restartGateway(seed * SECOND);

            run.runToEnd();
            assertWhole(run);
            assertThat(run.addresses()).isEqualTo(before);
            assertThat(run.web.tunnel.connections()).isGreaterThan(1);
            assertThat(run.laptop.tunnel.connections()).isGreaterThan(1);
          }
        });
  }

  @Test
  void a_node_whose_address_has_gone_to_another_gets_a_new_one_and_its_connections_end() {
    Seeds.forEach(
        SEEDS_OF_ONE_CASE,
        seed -> {
          try (OverlayRun run = run(seed, SHORT_HOLD, SessionConfig.DEFAULT, SLOW)) {
            begin(run, 1);
            IpAddress before = run.laptop.address(IpFamily.IPV4);
            run.outage(run.laptopLink, 300 * SECOND);
            run.network.runFor(200 * SECOND);
            run.gateway.give(run.gateway.register("newcomer"), before);

            run.runToEnd();
            OverlayRun.Planned cut = run.planned.getFirst();
            assertThat(cut.dialling.failure().orElseThrow())
                .isInstanceOf(AddressChangedException.class);
            assertThat(cut.accepting().failure()).as("the other end").isPresent();
            assertThat(run.laptop.address(IpFamily.IPV4)).isNotEqualTo(before);
            assertThat(leaseOf(run, before).node()).isNotEqualTo(run.laptop.id);

            OverlayRun.Planned next = run.plan(run.web, 0, 100_000);
            run.runToEnd();
            assertThat(next.isWhole()).as(next.toString()).isTrue();
          }
        });
  }

  /// Lets both nodes join, and connections of some seconds begin at the laptop.
  private static void begin(OverlayRun run, int connections) {
    run.join();
    for (int i = 0; i < connections; i++) {
      run.planExactly(run.laptop, 0, LONG_BYTES);
    }
    run.runUntil(() -> run.planned.stream().allMatch(each -> each.dialling.received() > 0));
  }

  /// What both ends send has waited for the link alone, and for no timer that was doubled again and
  /// again.
  private static void assertGoesOnAtOnce(OverlayRun run) {
    Map<Exchange, Long> before = new HashMap<>();
    for (OverlayRun.Planned each : run.planned) {
      before.put(each.accepting(), each.accepting().received());
      before.put(each.dialling, each.dialling.received());
    }
    before.values().removeIf(bytes -> bytes == LONG_BYTES);
    assertThat(before).isNotEmpty();
    run.network.runFor(5 * SECOND);
    assertThat(before)
        .allSatisfy((each, bytes) -> assertThat(each.received()).isGreaterThan(bytes));
  }

  private static long heldOf(OverlayRun run, SimulatedNode node) throws IOException {
    return run.gateway.leases().stream()
        .filter(lease -> lease.node().equals(node.id) && lease.heldUntil().isPresent())
        .count();
  }

  private static long newestGeneration(OverlayRun run) throws IOException {
    return run.gateway.leases().stream().mapToLong(StoredLease::generation).max().orElseThrow();
  }

  private static StoredLease leaseOf(OverlayRun run, IpAddress address) throws IOException {
    return run.gateway.leases().stream()
        .filter(lease -> lease.address().equals(address))
        .findFirst()
        .orElseThrow();
  }

  // ---- what every run has to come to ----

  private static void assertWhole(OverlayRun run) {
    for (OverlayRun.Planned each : run.planned) {
      assertThat(each.isWhole()).as("%s%n%s", each, run.trace.notes()).isTrue();
    }
  }

  private static void assertRefused(OverlayRun run) {
    for (OverlayRun.Refused each : run.refused) {
      assertThat(each.dialling().failure().orElseThrow())
          .isInstanceOf(ConnectException.class)
          .hasMessageContaining("refused");
      assertThat(each.to().handshakes.synAcks(each.port())).as("SYN-ACKs").isZero();
      assertThat(each.to().handshakes.resets(each.port())).as("resets").isPositive();
    }
  }

  /// Once TIME-WAIT is over neither stack has anything.
  private static void assertNothingIsLeft(OverlayRun run) {
    run.network.runFor(600 * SECOND);
    for (SimulatedNode node : List.of(run.web, run.laptop)) {
      assertThat(node.count(stack -> stack.tcp().connectionCount())).as(node.name).isZero();
      assertThat(node.count(stack -> stack.tcp().heldBytes())).as(node.name).isZero();
      assertThat(node.fallback.counts().inFlight()).as(node.name).isZero();
      assertThat(node.fallback.counts().failed()).as(node.name).isZero();
    }
  }
}
