package io.penstock.protocol.kcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.Seeds;
import io.penstock.testkit.SimulatedNetwork;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two sessions over a simulated network.
class KcpPairTest {

  private static final long SECOND = 1_000_000_000L;

  /// The knobs that people use.
  enum Knobs {
    DEFAULTS,
    KCP_GO_DEFAULTS,
    FASTEST,
    SMALL,
    UNEQUAL;

    KcpConfig config() {
      KcpConfig.Builder config = KcpConfig.builder();
      return switch (this) {
        case DEFAULTS -> KcpConfig.defaults();
        case KCP_GO_DEFAULTS -> KcpConfig.kcpGoDefaults();
        case FASTEST -> config.nodelay(true).intervalMillis(10).resend(2).nc(true).build();
        case SMALL -> config.mtu(100).sndWnd(16).rcvWnd(16).build();
        case UNEQUAL -> config.sndWnd(512).rcvWnd(40).ackNoDelay(false).build();
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_perfect_link_carries_both_ways_and_nothing_is_sent_twice(Knobs knobs) {
    run(
        1,
        knobs,
        LinkFaults.none(20),
        200_000,
        pair -> {
          assertThat(pair.a.session().retransmittedSegments()).isZero();
          assertThat(pair.b.session().retransmittedSegments()).isZero();
        });
  }

  @ParameterizedTest
  @EnumSource
  void every_byte_arrives_once_and_in_order_whatever_the_link_does(Knobs knobs) {
    Seeds.forEach(
        12,
        seed -> {
          SplittableRandom random = new SplittableRandom(seed * 977);
          LinkFaults faults =
              LinkFaults.none(random.nextInt(100))
                  .withLoss(random.nextDouble() * 0.3)
                  .withDuplication(random.nextDouble() * 0.2)
                  .withReordering(random.nextDouble() * 0.3, 200)
                  .withJitter(random.nextInt(50));
          run(seed, knobs, faults, 1 + random.nextInt(80_000), pair -> {});
        });
  }

  @Test
  void numbers_and_times_may_wrap() {
    Seeds.forEach(
        8,
        seed -> {
          LinkFaults faults = LinkFaults.none(10).withLoss(0.1).withReordering(0.1, 50);
          long origin = Long.MAX_VALUE - 500_000_000L;
          try (Pair pair = new Pair(seed, Knobs.SMALL, faults, origin, -20)) {
            pair.exchange(50_000);
          }
        });
  }

  @Test
  void a_link_that_is_slower_than_its_senders_loses_little_with_a_congestion_window() {
    LinkFaults narrow = LinkFaults.none(20).withRate(1_000_000, 64 * 1024);
    try (Pair pair = new Pair(1, Knobs.DEFAULTS, narrow, 0, 0)) {
      pair.exchange(3_000_000);
      double again = pair.a.session().retransmittedSegments() / (3_000_000.0 / 1326);
      assertThat(again).isLessThan(0.1);
      assertThat(pair.network.elapsedNanos()).isLessThan(8 * SECOND);
    }
  }

  @Test
  void a_link_with_a_small_mtu_carries_what_fits() {
    LinkFaults faults = LinkFaults.none(5).withMtu(100);
    try (Pair pair = new Pair(1, Knobs.SMALL, faults, 0, 0)) {
      pair.exchange(20_000);
      assertThat(pair.aNode.out().dropped()).isZero();
    }
  }

  @Test
  void a_link_that_swallows_large_datagrams_is_a_dead_link() {
    LinkFaults faults = LinkFaults.none(5).withMtu(1000);
    try (Pair pair = new Pair(1, Knobs.DEFAULTS, faults, 0, 0)) {
      pair.a.write(new byte[5000]);
      pair.network.runUntil(() -> pair.a.ended() != null, 120 * SECOND);
      assertThat(pair.a.ended()).isIn(KcpCloseReason.DEAD_LINK, KcpCloseReason.PEER_SILENT);
    }
  }

  @Test
  void an_outage_shorter_than_the_silence_limit_is_survived() {
    try (Pair pair = new Pair(1, Knobs.DEFAULTS, LinkFaults.none(20), 0, 0)) {
      byte[] sent = pair.random(2_000_000);
      pair.a.write(sent);
      pair.network.schedule(SECOND / 10, () -> pair.aNode.out().dropIf(d -> true));
      pair.network.schedule(25 * SECOND, () -> pair.aNode.out().dropIf(d -> false));
      pair.network.runUntil(() -> pair.b.receivedBytes() == sent.length, 60 * SECOND);
      assertThat(pair.b.received()).isEqualTo(sent);
      assertThat(pair.network.elapsedNanos()).isGreaterThan(25 * SECOND);
    }
  }

  @Test
  void a_clock_that_jumps_ahead_costs_a_repetition_and_no_more() {
    try (Pair pair = new Pair(1, Knobs.DEFAULTS, LinkFaults.none(20), 0, 0)) {
      byte[] sent = pair.random(500_000);
      pair.a.write(sent);
      pair.network.schedule(SECOND / 20, () -> pair.network.jumpClock(20 * SECOND));
      pair.network.runUntil(() -> pair.b.receivedBytes() == sent.length, 30 * SECOND);
      assertThat(pair.b.received()).isEqualTo(sent);
    }
  }

  @Test
  void a_peer_that_is_gone_ends_the_session() {
    try (Pair pair = new Pair(1, Knobs.DEFAULTS, LinkFaults.none(20), 0, 0)) {
      pair.aNode.out().dropIf(d -> true);
      pair.a.write(new byte[100_000]);
      pair.network.runUntil(() -> pair.a.ended() != null, 60 * SECOND);
      assertThat(pair.a.ended()).isEqualTo(KcpCloseReason.PEER_SILENT);
      assertThat(pair.a.session().heldBytes()).isZero();
      pair.network.runUntilIdle(SECOND);
    }
  }

  @Test
  void a_reader_that_pauses_stops_its_sender_within_the_bounds_and_both_go_on_later() {
    try (Pair pair = new Pair(3, Knobs.DEFAULTS, LinkFaults.none(20).withLoss(0.02), 0, 0)) {
      byte[] sent = pair.random(6_000_000);
      pair.b.pauseReading();
      pair.a.write(sent);
      pair.network.runFor(20 * SECOND);
      assertThat(pair.a.hasWrittenAll()).isFalse();
      assertThat(pair.a.mostHeldBytes()).isLessThanOrEqualTo(KcpConfig.DEFAULT_BUFFER_BYTES);
      assertThat(pair.b.mostHeldBytes()).isLessThanOrEqualTo(KcpConfig.DEFAULT_BUFFER_BYTES);

      pair.b.resumeReading();
      pair.network.runUntil(() -> pair.b.receivedBytes() == sent.length, 60 * SECOND);
      assertThat(pair.b.received()).isEqualTo(sent);
    }
  }

  @Test
  void an_idle_session_is_silent() {
    try (Pair pair = new Pair(1, Knobs.KCP_GO_DEFAULTS, LinkFaults.none(20), 0, 0)) {
      pair.exchange(1000);
      pair.network.runUntilIdle(SECOND);
      long sent = pair.aNode.out().sent() + pair.bNode.out().sent();
      pair.network.runFor(3600 * SECOND);
      assertThat(pair.aNode.out().sent() + pair.bNode.out().sent()).isEqualTo(sent);
    }
  }

  @Test
  void corruption_which_kcp_cannot_see_breaks_nothing_but_the_bytes() {
    Seeds.forEach(
        20,
        seed -> {
          LinkFaults faults = LinkFaults.none(5).withCorruption(0.2).withLoss(0.1);
          try (Pair pair = new Pair(seed, Knobs.DEFAULTS, faults, 0, 0)) {
            pair.a.write(pair.random(100_000));
            pair.b.write(pair.random(100_000));
            pair.network.runFor(60 * SECOND);
            int bound = 2 * KcpConfig.DEFAULT_BUFFER_BYTES + 2048;
            assertThat(pair.a.mostHeldBytes()).isLessThanOrEqualTo(bound);
            assertThat(pair.b.mostHeldBytes()).isLessThanOrEqualTo(bound);
          }
        });
  }

  @Test
  void losing_one_datagram_in_ten_costs_less_than_a_timeout_for_each() {
    LinkFaults faults = LinkFaults.none(50).withLoss(0.1);
    try (Pair pair = new Pair(7, Knobs.FASTEST, faults, 0, 0)) {
      byte[] sent = pair.random(2_000_000);
      pair.a.write(sent);
      pair.network.runUntil(() -> pair.b.receivedBytes() == sent.length, 60 * SECOND);
      assertThat(pair.network.elapsedNanos()).isLessThan(3 * SECOND);
    }
  }

  // ---- fixture ----

  private static void run(
      long seed, Knobs knobs, LinkFaults faults, int bytes, Consumer<Pair> check) {
    try (Pair pair = new Pair(seed, knobs, faults, 0, 0)) {
      pair.exchange(bytes);
      check.accept(pair);
    }
  }

  private static final class Pair implements AutoCloseable {
    private final SimulatedNetwork network;
    private final SplittableRandom random;
    private final KcpEnd a;
    private final KcpEnd b;
    private final SimulatedNetwork.Node aNode;
    private final SimulatedNetwork.Node bNode;

    /// The counting of leaks is dear, so only the first seed of a series pays for it.
    Pair(long seed, Knobs knobs, LinkFaults faults, long originNanos, int firstSn) {
      network = new SimulatedNetwork(seed, originNanos);
      random = new SplittableRandom(seed);
      var allocator =
          seed == 1 ? PooledByteBufAllocator.DEFAULT : new UnpooledByteBufAllocator(false, true);
      a = new KcpEnd(knobs.config(), allocator, network.nowNanos(), firstSn);
      b = new KcpEnd(knobs.config(), allocator, network.nowNanos(), firstSn);
      aNode = network.attach("a", a);
      bNode = network.attach("b", b);
      network.connect(aNode, bNode, faults);
    }

    byte[] random(int length) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      return bytes;
    }

    /// Sends as much in both directions at once.
    void exchange(int length) {
      byte[] fromA = random(length);
      byte[] fromB = random(length);
      a.write(fromA);
      b.write(fromB);
      network.runUntil(
          () -> a.receivedBytes() == fromB.length && b.receivedBytes() == fromA.length,
          600 * SECOND);
      assertThat(a.received()).isEqualTo(fromB);
      assertThat(b.received()).isEqualTo(fromA);
    }

    @Override
    public void close() {
      a.session().abort(KcpCloseReason.CLOSED);
      b.session().abort(KcpCloseReason.CLOSED);
      network.close();
      assertThat(a.session().heldBytes()).isZero();
      assertThat(b.session().heldBytes()).isZero();
    }
  }
}
