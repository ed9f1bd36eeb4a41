package io.penstock.node.ping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.node.fixture.OverlayFixture;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.tunnel.PacketTunnel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PingSeriesTest {

  private static final Duration INTERVAL = Duration.ofMillis(50);

  private final List<PingResult> results = new ArrayList<>();
  private OverlayFixture network;
  private PacketTunnel tunnel;
  private Pinger pinger;
  private PingRequest request;

  /// A node that pings itself through the network, which needs no second one.
  @BeforeEach
  void start() throws Exception {
    network = OverlayFixture.start();
    tunnel = PacketTunnel.connect(network.node(NodeIdentity.ephemeral(), "alone").build());
    pinger = Pinger.on(tunnel);
    request = PingRequest.to(tunnel.addresses().getFirst());
  }

  @AfterEach
  void close() {
    pinger.close();
    tunnel.close();
    network.close();
  }

  @Test
  void pings_leave_at_even_intervals_and_are_summed_up() throws Exception {
    long start = System.nanoTime();
    PingStatistics statistics = new PingSeries(pinger, request, 4, INTERVAL).run(results::add);
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isGreaterThanOrEqualTo(INTERVAL.multipliedBy(3));
    assertThat(results).hasSize(4).allMatch(PingResult.Reply.class::isInstance);
    assertThat(statistics.sent()).isEqualTo(4);
    assertThat(statistics.received()).isEqualTo(4);
    assertThat(statistics.least()).isPositive().isLessThanOrEqualTo(statistics.most());
  }

  @Test
  void a_lost_one_holds_up_none_of_the_others() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    network.decide(
        packet -> {
          if (sent.incrementAndGet() == 1) {
            packet.release();
            return Optional.empty();
          }
          return Optional.of(packet);
        });
    PingStatistics statistics =
        new PingSeries(pinger, request.withTimeout(Duration.ofMillis(900)), 3, INTERVAL)
            .run(results::add);
    assertThat(results).last().isEqualTo(new PingResult.TimedOut(1));
    assertThat(statistics.received()).isEqualTo(2);
    assertThat(statistics.lossPercent()).isBetween(33.0, 34.0);
  }

  @Test
  void a_run_that_is_stopped_ends_with_what_has_come() throws Exception {
    PingSeries series = new PingSeries(pinger, request, Long.MAX_VALUE, Duration.ofHours(1));
    PingStatistics statistics =
        series.run(
            result -> {
              results.add(result);
              series.stop();
            });
    assertThat(results).hasSize(1);
    assertThat(statistics.sent()).isEqualTo(1);
  }

  @Test
  void a_series_of_nothing_is_refused() {
    assertThatThrownBy(() -> new PingSeries(pinger, request, 0, INTERVAL))
        .hasMessageContaining("1 or more");
    assertThatThrownBy(() -> new PingSeries(pinger, request, 1, Duration.ZERO))
        .hasMessageContaining("above zero");
  }
}
