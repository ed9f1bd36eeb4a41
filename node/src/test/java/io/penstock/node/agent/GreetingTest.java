package io.penstock.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.node.agent.PlayedGateway.Tls;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.transport.tls.Trust;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the user is told when a greeting comes to nothing.
class GreetingTest {

  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  @AfterEach
  void letSuppliersGo() {
    ended.countDown();
  }

  /// The causes of the attempts in the order in which they failed, one at least.
  private static List<String> causes(PlayedGateway gateway, Tls tls, Supplier<String> token)
      throws Exception {
    return causes(gateway, tls, token, () -> {});
  }

  private static List<String> causes(
      PlayedGateway gateway, Tls tls, Supplier<String> token, Runnable meanwhile) throws Exception {
    AppConfig app = AppConfig.to(URI.create("http://localhost:3000"));
    AgentConfig.Builder config =
        AgentConfig.builder("127.0.0.1", gateway.port(), app)
            .trust(new Trust.Anybody())
            .connections(1)
            .token(token);
    if (tls == Tls.NONE) {
      config.security(new GatewaySecurity.Plaintext());
    }
    List<String> causes = new CopyOnWriteArrayList<>();
    try (Agent _ = Agent.start(config.build(), status -> remember(causes, status))) {
      meanwhile.run();
      await().until(() -> !causes.isEmpty());
    }
    return causes;
  }

  private static void remember(List<String> causes, AgentStatus status) {
    if (status instanceof AgentStatus.Connecting(Optional<String> cause)) {
      cause.ifPresent(causes::add);
    }
  }

  private String blocked() {
    asked.countDown();
    try {
      ended.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    return "token";
  }

  @Test
  void a_token_that_cannot_be_read_is_the_cause_and_not_what_follows_from_it() throws Exception {
    Supplier<String> broken =
        () -> {
          throw new IllegalStateException("no such file");
        };
    try (PlayedGateway gateway = PlayedGateway.start(Tls.NONE, "")) {
      assertThat(causes(gateway, Tls.NONE, broken))
          .containsOnly("cannot read the token: no such file");
    }
  }

  @Test
  void a_gateway_that_goes_away_during_the_greeting_made_no_senseless_answer() throws Exception {
    try (PlayedGateway gateway = PlayedGateway.start(Tls.OUR_PROTOCOL, "")) {
      List<String> causes =
          causes(
              gateway,
              Tls.OUR_PROTOCOL,
              this::blocked,
              () -> {
                awaitAsked();
                gateway.accepted.element().close();
              });
      assertThat(causes).first().isEqualTo("the peer closed the connection");
    }
  }

  private void awaitAsked() {
    try {
      assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void an_answer_that_is_no_json_is_the_cause() throws Exception {
    try (PlayedGateway gateway = PlayedGateway.start(Tls.OUR_PROTOCOL, "HTTP/1.1 200 OK\r\n")) {
      assertThat(causes(gateway, Tls.OUR_PROTOCOL, () -> "token"))
          .first()
          .isEqualTo("the gateway's answer makes no sense: it is too large or no JSON");
    }
  }

  @Test
  void an_answer_of_another_shape_is_the_cause() throws Exception {
    try (PlayedGateway gateway = PlayedGateway.start(Tls.OUR_PROTOCOL, "{\"yes\":1}")) {
      assertThat(causes(gateway, Tls.OUR_PROTOCOL, () -> "token"))
          .first()
          .asString()
          .startsWith("the gateway's answer makes no sense: ");
    }
  }
}
