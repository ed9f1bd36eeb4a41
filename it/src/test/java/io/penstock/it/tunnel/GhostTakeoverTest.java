package io.penstock.it.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.backend.BackendConfig;
import io.penstock.gateway.ingress.IngressConfig;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.node.demo.SampleApp;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent that connects again while the gateway still holds its old connection, the ghost.
///
/// The gateway of these tests would keep a silent connection for a minute, so that nothing but the
/// takeover ends one in time.
class GhostTakeoverTest {

  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Duration SILENCE = Duration.ofSeconds(2);

  @TempDir private Path data;
  private TestGateway gateway;
  private String route;

  @BeforeEach
  void start() throws IOException {
    BackendConfig limits =
        TestGateway.tunnelLimits(
            BackendConfig.DEFAULT_HANDSHAKE_LIMIT,
            BackendConfig.DEFAULT_HELLO_LIMIT,
            SHORT,
            Duration.ofMinutes(1));
    IngressConfig visitors = IngressConfig.builder().drainTimeout(Duration.ofSeconds(1)).build();
    gateway =
        TestGateway.start(
            data,
            builder ->
                TestGateway.withIngressLimits(
                    TestGateway.withTunnelLimits(builder, limits), visitors));
    route = gateway.newRoute();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void the_same_agent_and_connection_number_replaces_its_ghost_and_nobody_else() throws Exception {
    UUID agent = UUID.randomUUID();
    try (BareAgent ghost = BareAgent.admitted(gateway, route, agent, 0)) {
      Set<String> first = gateway.awaitBackends(route, 1);
      try (BareAgent sibling = BareAgent.admitted(gateway, route, agent, 1);
          BareAgent replica = BareAgent.admitted(gateway, route, UUID.randomUUID(), 0)) {
        Set<String> all = gateway.awaitBackends(route, 3);
        assertThat(all).containsAll(first);
        try (BareAgent again = BareAgent.admitted(gateway, route, agent, 0)) {
          ghost.ended().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
          assertThat(gateway.awaitBackends(route, 3)).doesNotContainAnyElementsOf(first);
          assertThat(gateway.ids(route)).filteredOn(all::contains).hasSize(2);
          assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(204);
          assertThat(List.of(sibling, replica, again)).allMatch(BareAgent::isConnected);
        }
      }
    }
  }

  @Test
  void a_frozen_connection_is_replaced_and_the_other_of_the_agent_stays() throws Exception {
    try (SampleApp app = SampleApp.start();
        FreezingRelay relay = FreezingRelay.to(gateway.tunnel());
        Agent _ = Agent.connect(through(relay, app, 2))) {
      Set<String> before = gateway.awaitBackends(route, 2);
      FreezingRelay.Link frozen = relay.links().getFirst();
      frozen.freeze();
      await().atMost(LIMIT).until(() -> !gateway.ids(route).equals(before));
      Set<String> after = gateway.awaitBackends(route, 2);
      assertThat(after).filteredOn(before::contains).hasSize(1);
      frozen.drainToEnd().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(200);
      assertThat(gateway.ids(route)).isEqualTo(after);
    }
  }

  @Test
  void a_ghost_that_is_stuck_in_an_upload_is_closed_all_the_same() throws Exception {
    try (SampleApp app = SampleApp.start();
        FreezingRelay relay = FreezingRelay.to(gateway.tunnel());
        Agent _ = Agent.connect(through(relay, app, 1))) {
      Set<String> before = gateway.awaitBackends(route, 1);
      CompletableFuture<IOException> cut = uploadWithoutEnd();
      await().atMost(LIMIT).until(() -> gateway.gateway().backends().inFlight() == 1);
      FreezingRelay.Link frozen = relay.links().getFirst();
      frozen.freeze();
      await().atMost(LIMIT).until(() -> !gateway.ids(route).equals(before));
      cut.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      frozen.drainToEnd().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      gateway.awaitBackends(route, 1);
      assertThat(RawVisit.get(gateway.http(), route, "/").status()).isEqualTo(200);
    }
  }

  private AgentConfig through(FreezingRelay relay, SampleApp app, int connections) {
    return AgentConfig.builder("127.0.0.1", relay.port(), AppConfig.to(app.uri()))
        .trust(new Trust.CaFile(gateway.ca()))
        .token(gateway.secret())
        .domains(List.of(route))
        .connections(connections)
        .keepAlive(SHORT, SILENCE)
        .backoff(Duration.ofMillis(100), Duration.ofSeconds(1))
        .build();
  }

  /// Uploads until it is cut off.
  private CompletableFuture<IOException> uploadWithoutEnd() throws IOException {
    CompletableFuture<IOException> failed = new CompletableFuture<>();
    Socket visitor = RawVisit.connect(gateway.http());
    String head = "POST /upload HTTP/1.1\r\nHost: " + route + "\r\nContent-Length: 1099511627776";
    visitor.getOutputStream().write((head + "\r\n\r\n").getBytes(ISO_8859_1));
    Thread.ofVirtual()
        .start(
            () -> {
              try (visitor) {
                byte[] piece = new byte[64 * 1024];
                while (true) {
                  visitor.getOutputStream().write(piece);
                }
              } catch (IOException cut) {
                failed.complete(cut);
              }
            });
    return failed;
  }
}
