package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RouterConfigTest {

  @Test
  void the_defaults_are_the_documented_ones() {
    RouterConfig config = RouterConfig.DEFAULT;
    assertThat(config.queues().tunnelQueueBytes()).isEqualTo(1 << 20);
    assertThat(config.queues().delayTarget()).isEqualTo(Duration.ofMillis(5));
    assertThat(config.queues().delayInterval()).isEqualTo(Duration.ofMillis(100));
    assertThat(config.flows().timeouts())
        .isEqualTo(
            new FlowTimeouts(
                75_000_000_000L,
                124 * 60_000_000_000L,
                75_000_000_000L,
                120_000_000_000L,
                60_000_000_000L));
  }

  static Stream<Arguments> wrong() {
    Duration milli = Duration.ofMillis(1);
    Duration second = Duration.ofSeconds(1);
    return Stream.of(
        wrong("tunnel_queue_bytes", b -> b.queueBytes(1, 1 << 20)),
        wrong("loop_queue_bytes", b -> b.queueBytes(1 << 20, 1 << 19)),
        wrong("service_queue_bytes", b -> b.serviceQueueBytes(1)),
        wrong("quantum_bytes", b -> b.quantumBytes(0)),
        wrong("delay_target", b -> b.delay(Duration.ZERO, milli)),
        wrong("delay_interval", b -> b.delay(milli, milli)),
        wrong("delay_interval", b -> b.delay(milli, Duration.ofMinutes(2))),
        wrong("crossing_packets", b -> b.crossing(100, 1 << 20)),
        wrong("crossing_packets", b -> b.crossing(1 << 17, 1 << 20)),
        wrong("crossing_bytes", b -> b.crossing(128, 10)),
        wrong("max_flows", b -> b.flows(1, 1)),
        wrong("max_flows_per_node", b -> b.flows(1_000, 0)),
        wrong("tcp_opening_timeout", b -> b.tcpTimeouts(milli, second, second)),
        wrong("tcp_open_timeout", b -> b.tcpTimeouts(second, Duration.ofDays(8), second)),
        wrong("tcp_closing_timeout", b -> b.tcpTimeouts(second, second, Duration.ZERO)),
        wrong("udp_timeout", b -> b.udpTimeout(Duration.ZERO)),
        wrong("icmp_timeout", b -> b.icmpTimeout(milli)),
        wrong("icmp_errors_per_second", b -> b.icmpErrors(-1, 1)),
        wrong("icmp_errors_per_source_per_second", b -> b.icmpErrors(1, -1)));
  }

  private static Arguments wrong(String key, UnaryOperator<RouterConfig.Builder> change) {
    return Arguments.of(key, change);
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void a_setting_that_cannot_be_is_refused_by_its_key(
      String key, UnaryOperator<RouterConfig.Builder> change) {
    RouterConfig.Builder builder = change.apply(RouterConfig.builder());
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("overlay.router." + key + " is ")
        .hasMessageContaining("allowed is");
  }

  @Test
  void a_router_has_at_most_one_address_of_each_family() {
    for (List<String> two :
        List.of(List.of("10.0.0.1", "10.0.0.2"), List.of("fd00::1", "fd00::2"))) {
      assertThatThrownBy(
              () ->
                  new Router(
                      RouterConfig.DEFAULT,
                      two.stream().map(Packets::address).toList(),
                      OverlayPolicy.SAME_USER_ONLY,
                      System::nanoTime,
                      1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("allowed is one of each family");
    }
  }
}
