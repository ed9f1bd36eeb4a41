package io.penstock.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.handler.codec.http.HttpHeaders;
import io.penstock.api.client.RequestHeaders;
import io.penstock.node.fixture.OverlayFixture;
import io.penstock.transport.tls.Trust;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeHeadersTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final RequestHeaders HEADERS =
      new RequestHeaders(
          List.of(
              new RequestHeaders.Field("Door-Key", "s3cret"),
              new RequestHeaders.Field("X-Site", "a"),
              new RequestHeaders.Field("X-Site", "b")));

  @Test
  void each_kind_of_request_to_the_gateway_has_them() throws Exception {
    try (OverlayFixture network = OverlayFixture.start()) {
      NodeConfig config =
          NodeConfig.builder(network.gateway().toString(), "db")
              .trust(new Trust.Anybody())
              .token("pst_good")
              .headers(HEADERS)
              .build();
      assertThat(config.toString()).doesNotContain("s3cret").doesNotContain("pst_good");
      try (Node node = Node.start(config)) {
        node.awaitRunning(LIMIT);
        await().atMost(LIMIT).until(() -> network.heard().containsKey("/api/v1/peers/changes"));
      }
      assertThat(network.heard())
          .containsOnlyKeys("/api/v1/sessions", "/api/v1/peers/changes")
          .allSatisfy((_, heard) -> assertHas(heard));
    }
  }

  private static void assertHas(HttpHeaders heard) {
    assertThat(heard.get("Door-Key")).isEqualTo("s3cret");
    assertThat(heard.getAll("X-Site")).containsExactly("a", "b");
    assertThat(heard.get("Authorization")).startsWith("Bearer ");
  }
}
