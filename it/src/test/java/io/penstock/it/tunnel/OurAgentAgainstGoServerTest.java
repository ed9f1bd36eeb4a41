package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.GatewayCertificate;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.AgentStatus;
import io.penstock.node.agent.GatewayTransport;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Our agent at a gateway on the original libraries, in the original's dialect.
class OurAgentAgainstGoServerTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String DOMAIN = "hello.localhost";

  @TempDir private static Path certificates;
  private static PeerProgram app;
  private static URI appUrl;

  @BeforeAll
  static void start() throws Exception {
    app = GoPeers.start("app", "-max-seconds", "600");
    appUrl = URI.create("http://" + app.ready().get("listening").asString());
    var authority = CertificateAuthority.loadOrCreate(certificates, Clock.systemUTC());
    GatewayCertificate.loadOrIssue(certificates, authority, Optional.empty(), Clock.systemUTC());
  }

  @AfterAll
  static void stop() {
    if (app != null) {
      app.close();
    }
  }

  /// A server and what it said about its ports.
  private record Server(PeerProgram process, JsonNode ports) implements AutoCloseable {

    static Server start(String program, String... more) throws Exception {
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  "-listen",
                  "127.0.0.1:0",
                  "-listen-kcp",
                  "127.0.0.1:0",
                  "-control",
                  "127.0.0.1:0",
                  "-cert",
                  certificates.resolve("gateway.crt").toString(),
                  "-key",
                  certificates.resolve("gateway.key").toString(),
                  "-domain",
                  DOMAIN));
      arguments.addAll(List.of(more));
      PeerProgram process = GoPeers.start(program, arguments.toArray(new String[0]));
      return new Server(process, process.ready());
    }

    InetSocketAddress address(String name) {
      String text = ports.get(name).asString();
      int colon = text.lastIndexOf(':');
      return new InetSocketAddress(
          text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    String front() {
      return ports.get("http").asString();
    }

    JsonNode awaitEvent(String event) throws Exception {
      return process.line(line -> line.path("event").asString("").equals(event), LIMIT);
    }

    @Override
    public void close() {
      process.close();
    }
  }

  private static AgentConfig.Builder config(Server server, String transport) {
    InetSocketAddress tls = server.address("tls");
    return AgentConfig.builder(tls.getHostString(), tls.getPort(), AppConfig.to(appUrl))
        .trust(new Trust.CaFile(CertificateAuthority.certificateFile(certificates)))
        .transport(
            transport.equals("kcp")
                ? new GatewayTransport.Kcp(Optional.of(server.address("kcp")))
                : new GatewayTransport.Tcp())
        .token("token")
        .domains(List.of(DOMAIN))
        .connections(1)
        .keepAlive(Duration.ofSeconds(1), Duration.ofSeconds(4))
        .backoff(Duration.ofMillis(100), Duration.ofSeconds(1));
  }

  /// An agent counts as online from the first request on, which need not be a ping.
  private static void awaitServed(Server server, Agent agent) {
    await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(50))
        .ignoreExceptions()
        .until(() -> RawVisit.get(server.front(), DOMAIN, "/1k").status() == 200);
    await().atMost(LIMIT).until(() -> agent.status() instanceof AgentStatus.Online);
  }

  @ParameterizedTest
  @CsvSource({
    "tun2-server, tcp, 1048576",
    "tun2-server-newest, tcp, 1048576",
    "tun2-server, kcp, 16384",
    "tun2-server-newest, kcp, 16384"
  })
  void it_carries_a_thousand_requests_of_mixed_sizes(String program, String transport, int maxBytes)
      throws Exception {
    try (Server server = Server.start(program);
        Agent agent = Agent.start(config(server, transport).build(), _ -> {})) {
      assertThat(server.awaitEvent("connected").get("proto").asString()).isEqualTo(transport);
      awaitServed(server, agent);
      Visits.succeed(
          server.front(), DOMAIN, "mixed", 1000, "-c", "16", "-max-bytes", "" + maxBytes);
      Visits.succeed(server.front(), DOMAIN, "slow", 16, "-ms", "500");
      assertThat(agent.status())
          .isInstanceOfSatisfying(
              AgentStatus.Online.class,
              online -> {
                assertThat(online.transport()).isEqualTo(transport);
                assertThat(online.note()).isEmpty();
                assertThat(online.urls()).isEmpty();
              });
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tun2-server, tcp",
    "tun2-server-newest, tcp",
    "tun2-server, kcp",
    "tun2-server-newest, kcp"
  })
  void disconnected_it_comes_back(String program, String transport) throws Exception {
    List<AgentStatus> seen = new CopyOnWriteArrayList<>();
    try (Server server = Server.start(program);
        Agent agent = Agent.start(config(server, transport).build(), seen::add)) {
      server.awaitEvent("connected");
      awaitServed(server, agent);
      String killed =
          RawVisit.request(server.ports().get("control").asString(), "control", "POST", "/kill")
              .body();
      assertThat(killed).contains("\"killed\":1");
      server.awaitEvent("disconnected");
      server.awaitEvent("connected");
      awaitServed(server, agent);
      assertThat(seen).hasAtLeastOneElementOfType(AgentStatus.Reconnecting.class);
      Visits.succeed(server.front(), DOMAIN, "mixed", 60, "-max-bytes", "8192");
    }
  }

  @ParameterizedTest
  @CsvSource({"tun2-server, tcp", "tun2-server, kcp"})
  void a_gateway_that_dies_and_returns_finds_it_again(String program, String transport)
      throws Exception {
    Server first = Server.start(program);
    String[] samePorts = {
      "-listen", first.ports().get("tls").asString(),
      "-listen-kcp", first.ports().get("kcp").asString()
    };
    try (first;
        Agent agent = Agent.start(config(first, transport).build(), _ -> {})) {
      awaitServed(first, agent);
      first.close();
      await().atMost(LIMIT).until(() -> agent.status() instanceof AgentStatus.Reconnecting);
      try (Server second = Server.start(program, samePorts)) {
        awaitServed(second, agent);
        Visits.succeed(second.front(), DOMAIN, "mixed", 60, "-max-bytes", "8192");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"tun2-server, tcp", "tun2-server-newest, kcp"})
  void garbage_in_its_session_makes_it_connect_anew(String program, String transport)
      throws Exception {
    List<AgentStatus> seen = new CopyOnWriteArrayList<>();
    try (Server server = Server.start(program, "-garbage-after", "2s");
        Agent agent = Agent.start(config(server, transport).build(), seen::add)) {
      server.awaitEvent("connected");
      awaitServed(server, agent);
      server.awaitEvent("garbage");
      await()
          .atMost(LIMIT)
          .untilAsserted(
              () ->
                  assertThat(seen)
                      .anyMatch(
                          status ->
                              status instanceof AgentStatus.Reconnecting(String cause)
                                  && cause.contains("protocol error")));
      awaitServed(server, agent);
    }
  }

  @Test
  void it_connects_over_tls_1_2_too() throws Exception {
    try (Server server = Server.start("tun2-server", "-max-tls", "1.2");
        Agent agent = Agent.start(config(server, "tcp").build(), _ -> {})) {
      awaitServed(server, agent);
      Visits.succeed(server.front(), DOMAIN, "mixed", 60, "-max-bytes", "65536");
    }
  }

  @Test
  void a_refusal_without_words_is_explained_and_tried_again() throws Exception {
    try (Server server = Server.start("tun2-server");
        Agent agent = Agent.start(config(server, "tcp").token("wrong").build(), _ -> {})) {
      assertThat(server.awaitEvent("refused").get("check").asString()).isEqualTo("token");
      await()
          .atMost(LIMIT)
          .untilAsserted(
              () ->
                  assertThat(agent.status())
                      .isInstanceOfSatisfying(
                          AgentStatus.Connecting.class,
                          connecting ->
                              assertThat(connecting.cause().orElse("")).contains("the token")));
      server.awaitEvent("refused");
    }
  }
}
