package io.penstock.node.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.node.fixture.OverlayFixture;
import io.penstock.transport.tls.Trust;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DemoNodesTest {

  @Test
  void two_nodes_ping_each_other_over_both_families() throws Exception {
    try (var network = OverlayFixture.start()) {
      DemoCheck.Result result = check(network, "pst_good");
      assertThat(result.passed()).as(result.detail()).isTrue();
      assertThat(result.detail()).matches("round trips ([0-9.]+ ms(, )?){4}");
      assertThat(network.sold()).hasSize(2);
    }
  }

  @Test
  void a_network_that_carries_nothing_is_a_failure() throws Exception {
    try (var network = OverlayFixture.start()) {
      network.decide(
          packet -> {
            packet.release();
            return Optional.empty();
          });
      DemoCheck.Result result = check(network, "pst_good");
      assertThat(result.passed()).isFalse();
      assertThat(result.detail()).contains("10.86.0.", "does not answer");
    }
  }

  @Test
  void a_gateway_that_lets_nobody_in_is_a_failure() throws Exception {
    try (var network = OverlayFixture.start()) {
      DemoCheck.Result result = check(network, "pst_bad");
      assertThat(result.passed()).isFalse();
      assertThat(result.detail()).contains("the token is unknown");
    }
  }

  private static DemoCheck.Result check(OverlayFixture network, String token) throws Exception {
    return new DemoNodes(network.gateway(), new Trust.Anybody(), token).run();
  }
}
