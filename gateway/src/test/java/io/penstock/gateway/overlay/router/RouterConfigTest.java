package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.gateway.overlay.router.RouterConfig.FlowTimeouts;
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
    RouterConfig config = RouterConfig.builder().build();
    assertThat(config.tunnelQueueBytes()).isEqualTo(1 << 20);
    assertThat(config.delayTargetNanos()).isEqualTo(5_000_000);
    assertThat(config.delayIntervalNanos()).isEqualTo(100_000_000);
    assertThat(config.flowTimeouts()).isEqualTo(FlowTimeouts.defaults());
    assertThat(config.addresses()).isEmpty();
  }

  static Stream<Arguments> wrong() {
    Duration milli = Duration.ofMillis(1);
    return Stream.of(
        wrong(
            "addresses of IPv4",
            b -> b.addresses(List.of(Packets.address("10.0.0.1"), Packets.address("10.0.0.2")))),
        wrong(
            "addresses of IPv6",
            b -> b.addresses(List.of(Packets.address("fd00::1"), Packets.address("fd00::2")))),
        wrong("tunnelQueueBytes", b -> b.queueBytes(1, 1 << 20)),
        wrong("loopQueueBytes", b -> b.queueBytes(1 << 20, 1 << 19)),
        wrong("quantumBytes", b -> b.quantumBytes(0)),
        wrong("delayTargetNanos", b -> b.delay(Duration.ZERO, milli)),
        wrong("delayIntervalNanos", b -> b.delay(milli, milli)),
        wrong("crossingPackets", b -> b.crossing(100, 1 << 20)),
        wrong("crossingBytes", b -> b.crossing(128, 10)),
        wrong("maxFlows", b -> b.flows(1, 1)),
        wrong("maxFlowsPerNode", b -> b.flows(1_000, 0)),
        wrong("icmpErrorsPerSecond", b -> b.icmpErrors(-1, 1)),
        wrong("icmpErrorsPerSourcePerSecond", b -> b.icmpErrors(1, -1)));
  }

  private static Arguments wrong(String key, UnaryOperator<RouterConfig.Builder> change) {
    return Arguments.of(key, change);
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void a_setting_that_cannot_be_is_refused_by_name(
      String key, UnaryOperator<RouterConfig.Builder> change) {
    RouterConfig.Builder builder = change.apply(RouterConfig.builder());
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(key + " is ")
        .hasMessageContaining("allowed is");
  }

  @Test
  void every_time_of_a_flow_must_be_positive() {
    assertThatThrownBy(() -> new FlowTimeouts(1, 1, 1, 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("udpNanos");
  }
}
