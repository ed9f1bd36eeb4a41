package io.penstock.node.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.node.fixture.OverlayFixture;
import io.penstock.transport.tls.Trust;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoServingTest {

  @Test
  void a_gateway_that_lets_nobody_in_fails_both_and_says_why() throws Exception {
    List<DemoCheck.Result> told = new ArrayList<>();
    try (var network = OverlayFixture.start()) {
      assertThat(
              new DemoServing(
                      network.gateway(),
                      new Trust.Anybody(),
                      "pst_bad",
                      URI.create("http://127.0.0.1:1"))
                  .run(told::add))
          .isEqualTo(told)
          .extracting(DemoCheck.Result::name)
          .containsExactly(DemoServing.SERVED, DemoServing.FALLBACK);
    }
    assertThat(told)
        .allSatisfy(
            result -> {
              assertThat(result.passed()).isFalse();
              assertThat(result.detail()).contains("the token is unknown");
            });
  }
}
