package io.penstock.node.agent;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.node.agent.app.AppConfig;
import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class AgentConfigTest {

  private static void refused(UnaryOperator<AgentConfig.Builder> change, String message) {
    AppConfig app = AppConfig.to(URI.create("http://localhost:3000"));
    assertThatThrownBy(() -> change.apply(AgentConfig.builder("gateway.test", 7443, app)).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void a_value_out_of_range_is_refused_with_its_name_and_what_is_allowed() {
    refused(it -> it.connections(9), "agent.connections is 9, allowed is 1 to 8");
    refused(
        it -> it.connectLimit(Duration.ZERO), "agent.connect_limit is 0s, allowed is 1ms to 1d");
    refused(
        it -> it.drainLimit(Duration.ofSeconds(-1)),
        "agent.drain_limit is -1s, allowed is 0s to 1d");
    refused(
        it -> it.domains(Collections.nCopies(257, "a.test")),
        "agent.domains is a list of 257, allowed is at most 256");
  }

  @Test
  void a_limit_below_the_one_that_it_builds_on_is_refused() {
    refused(
        it -> it.keepAlive(Duration.ofSeconds(5), Duration.ofSeconds(4)),
        "agent.silence_limit is 4s, allowed is agent.keep_alive_interval (5s) or more");
    refused(
        it -> it.backoff(Duration.ofSeconds(2), Duration.ofSeconds(1)),
        "agent.backoff_most is 1s, allowed is agent.backoff_least (2s) or more");
  }

  @Test
  void all_that_is_wrong_is_told_at_once() {
    refused(
        it -> it.connections(0).drainLimit(Duration.ofDays(2)),
        "agent.connections is 0, allowed is 1 to 8;"
            + " agent.drain_limit is 2d, allowed is 0s to 1d");
  }
}
