package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.gateway.backend.Backend;
import io.penstock.it.GoPeer;
import io.penstock.it.GoPeers;
import io.penstock.node.agent.Agent;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A visitor that stops reading in the middle of a gibibyte: what it costs the others.
class PausedDownloadTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path data;
  private TestGateway gateway;
  private GoPeer app;
  private String appUrl;
  private String route;

  @BeforeEach
  void start() throws Exception {
    app = GoPeers.start("app");
    appUrl = "http://" + app.ready().get("listening").asString();
    gateway = TestGateway.start(data);
    route = gateway.newRoute();
  }

  @AfterEach
  void stop() {
    if (gateway != null) {
      gateway.close();
    }
    if (app != null) {
      app.close();
    }
  }

  private GoPeer pausedDownload(String duration) throws Exception {
    GoPeer paused =
        GoPeers.start(
            "load",
            "-mode",
            "pausedread",
            "-addr",
            gateway.http(),
            "-host",
            route,
            "-c",
            "1",
            "-duration",
            duration);
    assertThat(paused.ready().path("paused").asInt(0)).isEqualTo(1);
    return paused;
  }

  @Test
  void an_original_agent_stays_in_use_and_its_other_visitors_are_served() throws Exception {
    try (GoPeer _ =
        GoPeers.start(
            "tun2-client",
            "-addr",
            gateway.tunnel(),
            "-ca",
            gateway.ca().toString(),
            "-backend",
            appUrl,
            "-domain",
            route,
            "-token",
            gateway.secret())) {
      Set<String> before = gateway.awaitBackends(route, 1);
      try (GoPeer paused = pausedDownload("12s")) {
        // With the only bucket full, these wait until the paused one is cut off after 5 s.
        Visits.succeed(gateway.http(), route, "slow", 8, "-ms", "100");
        Visits.succeed(gateway.http(), route, "mixed", 200, "-max-bytes", "65536");
        assertThat(gateway.ids(route)).isEqualTo(before);
        assertThat(gateway.backends(route)).allMatch(Backend::usable);
        var end = paused.nextLine(LIMIT);
        assertThat(end.get("complete").asInt()).as(end.toString()).isZero();
      }
    }
  }

  @Test
  void our_agent_serves_others_meanwhile_and_the_paused_one_goes_on_later() throws Exception {
    var config = gateway.agent(URI.create(appUrl), route).connections(1).build();
    try (Agent _ = Agent.connect(config)) {
      Set<String> before = gateway.awaitBackends(route, 1);
      try (GoPeer paused =
          GoPeers.start(
              "load",
              "-mode",
              "pausedread",
              "-addr",
              gateway.http(),
              "-host",
              route,
              "-c",
              "1",
              "-duration",
              "7s",
              "-then",
              "drain")) {
        assertThat(paused.ready().path("paused").asInt(0)).isEqualTo(1);
        Visits.succeed(gateway.http(), route, "mixed", 600, "-max-bytes", "262144");
        Visits.succeed(gateway.http(), route, "slow", 8, "-ms", "500");
        assertThat(gateway.ids(route)).isEqualTo(before);
        assertThat(gateway.backends(route)).allMatch(Backend::usable);
        var end = paused.nextLine(LIMIT);
        assertThat(end.get("complete").asInt()).as(end.toString()).isEqualTo(1);
        assertThat(end.get("bytes_read").asLong()).isEqualTo(1L << 30);
      }
    }
  }
}
