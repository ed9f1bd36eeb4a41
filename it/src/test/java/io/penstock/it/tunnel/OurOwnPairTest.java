package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.api.RouteName;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.ingress.IngressConfig;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.AgentStatus;
import io.penstock.node.agent.GatewayTransport;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Our agent at our gateway, in our own dialect.
class OurOwnPairTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static PeerProgram app;
  private static URI appUrl;

  @TempDir private Path data;
  private TestGateway gateway;
  private String route;

  @BeforeAll
  static void startApp() throws Exception {
    app = GoPeers.start("app", "-max-seconds", "600");
    appUrl = URI.create("http://" + app.ready().get("listening").asString());
  }

  @AfterAll
  static void stopApp() {
    if (app != null) {
      app.close();
    }
  }

  @BeforeEach
  void startGateway() throws IOException {
    gateway = TestGateway.start(data);
    route = gateway.newRoute();
  }

  @AfterEach
  void stopGateway() {
    gateway.close();
  }

  private Agent connect(String... routes) throws Exception {
    return Agent.connect(gateway.agent(appUrl, routes).build());
  }

  private static GatewayTransport transport(String name) {
    return name.equals("kcp")
        ? new GatewayTransport.Kcp(Optional.empty())
        : new GatewayTransport.Tcp();
  }

  private RawVisit get(String host, String target, String... headers) throws IOException {
    return RawVisit.get(gateway.http(), host, target, headers);
  }

  // ---- what passes ----

  @ParameterizedTest
  @CsvSource({"tcp, 1048576, 12", "kcp, 32768, 3"})
  void it_carries_whatever_visitors_do(String transport, int maxBytes, int units) throws Exception {
    AgentConfig config = gateway.agent(appUrl, route).transport(transport(transport)).build();
    try (Agent agent = Agent.connect(config)) {
      Set<String> before = gateway.awaitBackends(route, AgentConfig.DEFAULT_CONNECTIONS);
      assertThat(agent.urls()).anyMatch(url -> url.startsWith("http://" + route));
      assertThat(gateway.backends(route))
          .allMatch(it -> it.protocol().equals("penstock-tun/1"))
          .allMatch(it -> it.transport().equals(transport));
      Visits.succeed(gateway.http(), route, "mixed", 1000, "-max-bytes", "" + maxBytes);
      Visits.succeed(gateway.http(), route, "slow", 16);
      Visits.succeed(gateway.http(), route, "halfclose", units);
      Visits.succeed(gateway.http(), route, "abort", units, "-what", "both", "-c", "4");
      Visits.succeed(gateway.http(), route, "ws", 4);
      Visits.succeed(gateway.http(), route, "upgrade", 4);
      Visits.succeed(gateway.http(), route, "sse", 4, "-ms", "300");
      assertThat(gateway.ids(route)).isEqualTo(before);
    }
  }

  @Test
  void early_hints_trailers_and_the_visitors_address_arrive() throws Exception {
    try (Agent _ = connect(route)) {
      RawVisit early = get(route, "/early");
      assertThat(early.status()).isEqualTo(103);
      assertThat(early.body()).contains("HTTP/1.1 200").contains("{\"early\":true}");
      RawVisit chunked = get(route, "/bytes?n=1000&seed=1&framing=chunked", "TE: trailers");
      assertThat(chunked.status()).isEqualTo(200);
      assertThat(chunked.body().substring(chunked.body().lastIndexOf("\r\n0\r\n")))
          .containsIgnoringCase("X-Checksum: ");
      RawVisit echo = get(route, "/echo", "X-Forwarded-For: 192.0.2.1");
      assertThat(echo.body()).contains("127.0.0.1").doesNotContain("192.0.2.1");
    }
  }

  @Test
  void several_routes_of_one_agent_each_choose_what_is_most_specific() throws Exception {
    String other = gateway.newRoute();
    String wildcard = gateway.addRoute("*." + route);
    String path = gateway.addRoute(route + "/status");
    try (Agent _ = connect(route, other, wildcard)) {
      assertThat(get(route, "/status/201").error()).isEqualTo("no_agent");
      try (Agent _ = connect(path)) {
        assertThat(get(route, "/status/201").status()).isEqualTo(201);
        assertThat(get(route.toUpperCase(Locale.ROOT) + ":8000", "/1k").status()).isEqualTo(200);
        assertThat(get(other, "/1k").status()).isEqualTo(200);
        assertThat(get("any." + route, "/1k").status()).isEqualTo(200);
      }
    }
  }

  // ---- what the gateway says itself ----

  @Test
  void each_failure_has_its_page() throws Exception {
    assertThat(get("nowhere.localhost", "/").error()).isEqualTo("no_route");
    assertThat(get("nowhere.localhost", "/").status()).isEqualTo(404);
    assertThat(get(route, "/").error()).isEqualTo("no_agent");
    assertThat(get(route, "/").status()).isEqualTo(503);
    String down = gateway.newRoute();
    try (Agent _ = Agent.connect(gateway.agent(unservedUrl(), down).build())) {
      RawVisit page = get(down, "/", "Accept: application/json");
      assertThat(page.error()).isEqualTo("app_down");
      assertThat(page.status()).isEqualTo(502);
      assertThat(page.body()).contains("app_down");
      assertThat(page.head()).doesNotContain("penstock-app-down");
    }
  }

  @Test
  void an_app_that_does_not_answer_in_time_costs_its_visitor_a_504(@TempDir Path elsewhere)
      throws Exception {
    try (TestGateway impatient =
        TestGateway.start(elsewhere, OurOwnPairTest::withOneSecondForResponses)) {
      String slow = impatient.newRoute();
      try (Agent _ = Agent.connect(impatient.agent(appUrl, slow).build())) {
        RawVisit late = RawVisit.get(impatient.http(), slow, "/slow?ms=20000");
        assertThat(late.error()).isEqualTo("timeout");
        assertThat(late.status()).isEqualTo(504);
        assertThat(RawVisit.get(impatient.http(), slow, "/1k").status()).isEqualTo(200);
      }
    }
  }

  private static GatewayConfig.Builder withOneSecondForResponses(GatewayConfig.Builder builder) {
    return TestGateway.withIngressLimits(
        builder, IngressConfig.builder().responseTimeout(Duration.ofSeconds(1)).build());
  }

  @Test
  void what_the_app_cuts_short_never_looks_whole() throws Exception {
    try (Agent _ = connect(route)) {
      for (String framing : List.of("length", "chunked")) {
        assertThatThrownBy(() -> get(route, "/cut?n=200000&at=100000&framing=" + framing))
            .isInstanceOf(SocketException.class);
      }
    }
  }

  private static URI unservedUrl() throws IOException {
    try (ServerSocket once = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return URI.create("http://127.0.0.1:" + once.getLocalPort());
    }
  }

  // ---- the connection ----

  @Test
  void without_kcp_it_falls_back_to_tcp_and_says_so() throws Exception {
    try (DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      var address = (InetSocketAddress) silent.getLocalSocketAddress();
      AgentConfig config =
          gateway
              .agent(appUrl, route)
              .transport(new GatewayTransport.Kcp(Optional.of(address)))
              .build();
      try (Agent agent = Agent.start(config, _ -> {})) {
        await().atMost(LIMIT).until(() -> agent.status() instanceof AgentStatus.Online);
        assertThat(agent.status())
            .isInstanceOfSatisfying(
                AgentStatus.Online.class,
                online -> {
                  assertThat(online.transport()).isEqualTo("tcp");
                  assertThat(online.note().orElse("")).contains("using TCP");
                });
        assertThat(get(route, "/1k").status()).isEqualTo(200);
      }
    }
  }

  @Test
  void a_gateway_that_restarts_finds_its_agent_again() throws Exception {
    List<AgentStatus> seen = new CopyOnWriteArrayList<>();
    try (Agent agent = Agent.start(gateway.agent(appUrl, route).build(), seen::add)) {
      gateway.awaitBackends(route, AgentConfig.DEFAULT_CONNECTIONS);
      List<String> urls = await().atMost(LIMIT).until(agent::urls, all -> !all.isEmpty());
      gateway.restart();
      gateway.awaitBackends(route, AgentConfig.DEFAULT_CONNECTIONS);
      await().atMost(LIMIT).until(() -> !agent.urls().isEmpty());
      assertThat(agent.urls()).filteredOn(url -> url.startsWith("http:")).isSubsetOf(urls);
      assertThat(seen).hasAtLeastOneElementOfType(AgentStatus.Reconnecting.class);
      assertThat(get(route, "/1k").status()).isEqualTo(200);
    }
  }

  @Test
  void a_second_agent_shares_the_route_until_it_ends() throws Exception {
    try (Agent _ = connect(route)) {
      Set<String> first = gateway.awaitBackends(route, 2);
      try (Agent _ = connect(route)) {
        assertThat(gateway.awaitBackends(route, 4)).containsAll(first);
      }
      assertThat(gateway.awaitBackends(route, 2)).isEqualTo(first);
      assertThat(get(route, "/1k").status()).isEqualTo(200);
    }
  }

  @Test
  void a_revoked_token_ends_its_agent_and_nobody_elses() throws Exception {
    var revoked = gateway.newToken(TestGateway.USER);
    AgentConfig config = gateway.agent(appUrl, route).token(revoked.token()).build();
    try (Agent stays = connect(route);
        Agent ends = Agent.connect(config)) {
      gateway.awaitBackends(route, 4);
      try (AdminClient admin = gateway.admin()) {
        admin.revokeToken(revoked.id());
      }
      gateway.awaitBackends(route, 2);
      await().atMost(LIMIT).until(() -> ends.status().isFinal());
      assertThat(ends.status())
          .isInstanceOfSatisfying(
              AgentStatus.Refused.class,
              refused -> assertThat(refused.code()).isEqualTo("bad_token"));
      assertThat(stays.status()).isInstanceOf(AgentStatus.Online.class);
    }
  }

  @Test
  void a_removed_route_ends_its_agent() throws Exception {
    try (Agent agent = connect(route)) {
      try (AdminClient admin = gateway.admin()) {
        admin.removeRoute(RouteName.parse(route));
      }
      await().atMost(LIMIT).until(() -> agent.status().isFinal());
      assertThat(agent.status())
          .isInstanceOfSatisfying(
              AgentStatus.Refused.class,
              refused -> assertThat(refused.code()).isEqualTo("no_route"));
      assertThat(get(route, "/").error()).isEqualTo("no_route");
    }
  }

  @Test
  void an_agent_of_several_routes_goes_on_with_the_others_when_one_is_removed() throws Exception {
    String removed = gateway.newRoute();
    try (Agent agent = connect(removed, route)) {
      try (AdminClient admin = gateway.admin()) {
        admin.removeRoute(RouteName.parse(removed));

        await()
            .atMost(LIMIT)
            .untilAsserted(
                () ->
                    assertThat(agent.status())
                        .isInstanceOfSatisfying(
                            AgentStatus.Online.class,
                            online -> {
                              assertThat(online.note().orElse(""))
                                  .contains("has no route " + removed + " any more");
                              assertThat(online.urls()).hasSizeBetween(1, 2);
                            }));
        assertThat(get(removed, "/").error()).isEqualTo("no_route");
        gateway.awaitBackends(route, 2);
        assertThat(get(route, "/1k").status()).isEqualTo(200);

        admin.removeRoute(RouteName.parse(route));
      }
      await().atMost(LIMIT).until(() -> agent.status().isFinal());
      assertThat(agent.status()).isInstanceOf(AgentStatus.Refused.class);
    }
  }

  @Test
  void a_killed_connection_comes_back() throws Exception {
    try (Agent _ = connect(route)) {
      Set<String> before = gateway.awaitBackends(route, 2);
      String killed = before.iterator().next();
      assertThat(gateway.gateway().backends().kill(killed)).isTrue();
      assertThat(get(route, "/1k").status()).as("the other connection serves").isEqualTo(200);
      assertThat(gateway.awaitBackends(route, 2)).doesNotContain(killed);
    }
  }

  // ---- the end ----

  @Test
  void an_agent_that_closes_finishes_what_it_has_begun() throws Exception {
    Agent agent = connect(route);
    try (agent) {
      CompletableFuture<RawVisit> slow = slowVisit();
      agent.close();
      assertThat(slow.get(30, TimeUnit.SECONDS).body()).contains("\"cancelled\":false");
      assertThat(get(route, "/1k").error()).isEqualTo("no_agent");
    }
  }

  @Test
  void a_gateway_that_drains_finishes_what_it_has_begun() throws Exception {
    try (Agent _ = connect(route)) {
      CompletableFuture<RawVisit> slow = slowVisit();
      assertThat(gateway.gateway().drain(LIMIT)).isTrue();
      assertThat(slow.get(30, TimeUnit.SECONDS).body()).contains("\"cancelled\":false");
    }
  }

  /// Starts a visit of a second and waits until it is under way.
  private CompletableFuture<RawVisit> slowVisit() {
    CompletableFuture<RawVisit> visit = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                visit.complete(get(route, "/slow?ms=1500"));
              } catch (IOException e) {
                visit.completeExceptionally(e);
              }
            });
    await().atMost(LIMIT).until(() -> gateway.gateway().backends().inFlight() == 1);
    return visit;
  }
}
