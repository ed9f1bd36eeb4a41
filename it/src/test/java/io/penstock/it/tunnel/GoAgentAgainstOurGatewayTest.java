package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.gateway.backend.Backend;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Agents on the original libraries, those that the original pinned and the newest, at our gateway.
class GoAgentAgainstOurGatewayTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir private static Path data;
  private static TestGateway gateway;
  private static PeerProgram app;
  private static String appUrl;

  @BeforeAll
  static void start() throws Exception {
    app = GoPeers.start("app", "-max-seconds", "600");
    appUrl = "http://" + app.ready().get("listening").asString();
    gateway = TestGateway.start(data);
  }

  @AfterAll
  static void stop() {
    if (gateway != null) {
      gateway.close();
    }
    if (app != null) {
      app.close();
    }
  }

  private static PeerProgram agent(String program, String proto, String route, String... more)
      throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-addr",
                proto.equals("kcp") ? gateway.kcp() : gateway.tunnel(),
                "-proto",
                proto,
                "-ca",
                gateway.ca().toString(),
                "-backend",
                appUrl,
                "-domain",
                route));
    if (!List.of(more).contains("-token")) {
      arguments.addAll(List.of("-token", gateway.secret()));
    }
    arguments.addAll(List.of(more));
    return GoPeers.start(program, arguments.toArray(new String[0]));
  }

  @ParameterizedTest
  @CsvSource({
    "tun2-client, tcp, 1048576",
    "tun2-client-newest, tcp, 1048576",
    "tun2-client, kcp, 8192",
    "tun2-client-newest, kcp, 8192"
  })
  void it_carries_a_thousand_requests_of_mixed_sizes(String program, String proto, int maxBytes)
      throws Exception {
    String route = gateway.newRoute();
    try (PeerProgram _ = agent(program, proto, route)) {
      Set<String> before = gateway.awaitBackends(route, 1);
      Backend backend = gateway.backends(route).getFirst();
      assertThat(backend.protocol()).isEqualTo("tun2");
      assertThat(backend.transport()).isEqualTo(proto);
      Visits.succeed(gateway.http(), route, "mixed", 1000, "-c", "16", "-max-bytes", "" + maxBytes);
      assertThat(gateway.ids(route)).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tun2-client, tcp",
    "tun2-client-newest, tcp",
    "tun2-client, kcp",
    "tun2-client-newest, kcp"
  })
  void visitors_may_wait_half_close_and_leave_without_harm_to_the_agent(
      String program, String proto) throws Exception {
    String route = gateway.newRoute();
    int units = proto.equals("kcp") ? 3 : 12;
    try (PeerProgram _ = agent(program, proto, route)) {
      Set<String> before = gateway.awaitBackends(route, 1);
      try (Visits others =
          Visits.start(gateway.http(), route, "mixed", 100, "-c", "2", "-max-bytes", "8192")) {
        Visits.succeed(gateway.http(), route, "slow", 16, "-ms", "500");
        Visits.succeed(gateway.http(), route, "halfclose", units);
        Visits.succeed(gateway.http(), route, "abort", units, "-what", "both", "-c", "4");
        others.awaitSuccess();
      }
      assertThat(gateway.ids(route)).as("the agent's connection").isEqualTo(before);
    }
  }

  @Test
  void it_comes_in_over_tls_1_2_too() throws Exception {
    String route = gateway.newRoute();
    try (PeerProgram _ = agent("tun2-client", "tcp", route, "-max-tls", "1.2")) {
      gateway.awaitBackends(route, 1);
      Visits.succeed(gateway.http(), route, "mixed", 60, "-max-bytes", "65536");
    }
  }

  @Test
  void upgraded_connections_pass_where_its_smux_can_carry_them() throws Exception {
    String route = gateway.newRoute();
    try (PeerProgram _ = agent("tun2-client-newest", "tcp", route)) {
      gateway.awaitBackends(route, 1);
      Visits.succeed(gateway.http(), route, "ws", 4);
      Visits.succeed(gateway.http(), route, "upgrade", 4);
      Visits.succeed(gateway.http(), route, "sse", 4, "-ms", "200");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tun2-client, tcp",
    "tun2-client-newest, tcp",
    "tun2-client, kcp",
    "tun2-client-newest, kcp"
  })
  void killed_it_comes_back(String program, String proto) throws Exception {
    String route = gateway.newRoute();
    try (PeerProgram _ = agent(program, proto, route, "-reconnect")) {
      for (int i = 0; i < 3; i++) {
        String killed = gateway.awaitBackends(route, 1).iterator().next();
        assertThat(gateway.gateway().backends().kill(killed)).isTrue();
        assertThat(gateway.ids(route)).isEmpty();
        gateway.awaitBackends(route, 1);
        assertThat(gateway.ids(route)).doesNotContain(killed);
        Visits.succeed(gateway.http(), route, "mixed", 30, "-max-bytes", "4096");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"tun2-client, tcp", "tun2-client-newest, kcp"})
  void garbage_in_its_session_ends_that_session_alone(String program, String proto)
      throws Exception {
    String garbledRoute = gateway.newRoute();
    String neighboursRoute = gateway.newRoute();
    try (PeerProgram _ = agent(program, proto, neighboursRoute);
        PeerProgram garbled = agent(program, proto, garbledRoute, "-garbage-after", "1s")) {
      gateway.awaitBackends(garbledRoute, 1);
      Set<String> before = gateway.awaitBackends(neighboursRoute, 1);
      try (Visits visits =
          Visits.start(gateway.http(), neighboursRoute, "slow", 8, "-c", "1", "-ms", "400")) {
        garbled.line(line -> line.path("event").asString("").equals("garbage"), LIMIT);
        gateway.awaitBackends(garbledRoute, 0);
        visits.awaitSuccess();
      }
      assertThat(gateway.ids(neighboursRoute)).isEqualTo(before);
      assertThat(gateway.gateway().tunnel().counters().ended()).containsKey("protocol_error");
    }
  }

  @Test
  void a_wrong_token_a_missing_route_and_somebody_elses_are_refused() throws Exception {
    String route = gateway.newRoute();
    CreatedToken stranger = gateway.newToken("stranger");
    assertRefused("bad_token", route, "-token", "pst_wrong");
    assertRefused("no_route", "nowhere.localhost");
    assertRefused("not_owner", route, "-token", stranger.token());
    assertThat(gateway.ids(route)).isEmpty();
  }

  private static void assertRefused(String code, String route, String... more) throws Exception {
    long before = refusals(code);
    try (PeerProgram agent = agent("tun2-client", "tcp", route, more)) {
      agent.line(line -> line.path("event").asString("").equals("ended"), LIMIT);
      await().atMost(LIMIT).until(() -> refusals(code) == before + 1);
      assertThat(agent.exitCode(LIMIT)).isEqualTo(1);
    }
  }

  private static long refusals(String code) {
    return gateway.gateway().tunnel().counters().refused().getOrDefault(code, 0L);
  }
}
