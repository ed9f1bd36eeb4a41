package io.penstock.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SimulatedNetworkTest {

  private static final long MILLI = 1_000_000L;

  private final Recorder a = new Recorder();
  private final Recorder b = new Recorder();

  @Test
  void a_datagram_arrives_after_the_delay_of_the_link() {
    try (SimulatedNetwork network = network(1, LinkFaults.none(20))) {
      a.send("hello");
      network.runUntilIdle(100 * MILLI);
    }
    assertThat(b.heard).containsExactly("20 hello");
  }

  @Test
  void the_same_seed_gives_the_same_run_and_another_seed_another() {
    assertThat(faulty(1)).isEqualTo(faulty(1)).isNotEqualTo(faulty(2));
  }

  @Test
  void a_share_of_the_datagrams_is_lost() {
    try (SimulatedNetwork network = network(3, LinkFaults.none(1).withLoss(0.25))) {
      for (int i = 0; i < 1000; i++) {
        a.send("x");
      }
      network.runUntilIdle(100 * MILLI);
    }
    assertThat(b.heard).hasSizeBetween(700, 800);
  }

  @Test
  void a_datagram_larger_than_the_mtu_vanishes() {
    try (SimulatedNetwork network = network(1, LinkFaults.none(1).withMtu(3))) {
      a.send("1234");
      a.send("123");
      network.runUntilIdle(100 * MILLI);
    }
    assertThat(b.heard).containsExactly("1 123");
  }

  @Test
  void a_slow_link_queues_and_drops_what_does_not_fit_into_its_queue() {
    try (SimulatedNetwork network = network(1, LinkFaults.none(0).withRate(1000, 10))) {
      for (int i = 0; i < 4; i++) {
        a.send("12345");
      }
      network.runUntilIdle(100 * MILLI);
    }
    assertThat(b.heard).containsExactly("5 12345", "10 12345");
  }

  @Test
  void a_doubled_datagram_arrives_twice_and_a_corrupt_one_changed() {
    LinkFaults faults = LinkFaults.none(1).withDuplication(1).withCorruption(1);
    try (SimulatedNetwork network = network(1, faults)) {
      a.send("hello");
      network.runUntilIdle(100 * MILLI);
    }
    assertThat(b.heard).hasSize(2).doesNotContain("1 hello");
  }

  @Test
  void an_endpoint_is_called_exactly_at_its_deadline_also_when_the_clock_wraps() {
    try (SimulatedNetwork network = new SimulatedNetwork(1, Long.MAX_VALUE - 10)) {
      network.connect(network.attach("a", a), network.attach("b", b), LinkFaults.none(0));
      a.deadlineNanos = network.nowNanos() + 25;
      network.runFor(100);
      assertThat(a.calledAtNanos).containsExactly(Long.MIN_VALUE + 14);
      assertThat(network.nowNanos()).isEqualTo(Long.MIN_VALUE + 89);
    }
  }

  @Test
  void a_jump_of_the_clock_makes_deadlines_due() {
    try (SimulatedNetwork network = network(1, LinkFaults.none(0))) {
      a.deadlineNanos = 1000;
      network.jumpClock(5000);
      network.runFor(1);
      assertThat(a.calledAtNanos).containsExactly(5000L);
    }
  }

  @Test
  void what_never_happens_fails_with_the_seed() {
    try (SimulatedNetwork network = network(77, LinkFaults.none(0))) {
      assertThatThrownBy(() -> network.runUntil(() -> false, MILLI))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("seed 77");
    }
  }

  @Test
  void an_endpoint_that_never_comes_to_rest_is_found_out() {
    try (SimulatedNetwork network = network(1, LinkFaults.none(0))) {
      a.restless = true;
      assertThatThrownBy(() -> network.runFor(MILLI)).hasMessageContaining("never comes to rest");
    }
  }

  @Test
  void a_failing_seed_is_named() {
    assertThatThrownBy(
            () ->
                Seeds.forEach(
                    10,
                    seed -> {
                      if (seed == 4) {
                        throw new IllegalStateException("four");
                      }
                    }))
        .hasMessageContaining("-Dpenstock.seed=4")
        .hasMessageContaining("four");
  }

  private List<String> faulty(long seed) {
    a.heard.clear();
    b.heard.clear();
    LinkFaults faults =
        LinkFaults.none(5)
            .withLoss(0.1)
            .withJitter(10)
            .withReordering(0.2, 30)
            .withDuplication(0.1)
            .withCorruption(0.1);
    try (SimulatedNetwork network = network(seed, faults)) {
      for (int i = 0; i < 200; i++) {
        a.send("datagram " + i);
      }
      network.runUntilIdle(1000 * MILLI);
    }
    return List.copyOf(b.heard);
  }

  private SimulatedNetwork network(long seed, LinkFaults faults) {
    SimulatedNetwork network = new SimulatedNetwork(seed);
    network.connect(network.attach("a", a), network.attach("b", b), faults);
    return network;
  }

  private static final class Recorder implements SimulatedEndpoint {
    private final ArrayDeque<String> toSend = new ArrayDeque<>();
    private final List<String> heard = new ArrayList<>();
    private final List<Long> calledAtNanos = new ArrayList<>();
    private long deadlineNanos = NO_DEADLINE;
    private boolean restless;

    void send(String text) {
      toSend.add(text);
    }

    @Override
    public void receive(ByteBuf datagram, long nowNanos) {
      heard.add(nowNanos / MILLI + " " + datagram.toString(StandardCharsets.ISO_8859_1));
      datagram.release();
    }

    @Override
    public @Nullable ByteBuf transmit(long nowNanos) {
      String next = toSend.poll();
      return next == null ? null : Unpooled.copiedBuffer(next, StandardCharsets.ISO_8859_1);
    }

    @Override
    public long nextDeadlineNanos() {
      return deadlineNanos;
    }

    @Override
    public void onDeadline(long nowNanos) {
      calledAtNanos.add(nowNanos);
      deadlineNanos = NO_DEADLINE;
    }

    @Override
    public boolean work(long nowNanos) {
      return restless;
    }
  }
}
