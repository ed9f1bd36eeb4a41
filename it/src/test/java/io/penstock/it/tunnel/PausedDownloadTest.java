package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.backend.Backend;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.node.agent.Agent;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A visitor that stops reading in the middle of a gibibyte: what it costs the others.
class PausedDownloadTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /// Longer than a visitor of an original agent may stall.
  private static final String PAUSE = "7s";

  private static final long READ_BYTES = 64 << 10;

  /// Several times what can wait between app and visitor, so that most of it is sent after the
  /// pause.
  private static final long DRAINED_BYTES = 64 << 20;

  @TempDir private Path data;
  private TestGateway gateway;
  private PeerProgram app;
  private String appAddress;
  private String appUrl;
  private String route;

  @BeforeEach
  void start() throws Exception {
    app = GoPeers.start("app");
    appAddress = app.ready().get("listening").asString();
    appUrl = "http://" + appAddress;
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

  /// Starts the download of a gibibyte, which pauses after 64 KiB and later goes on for
  /// [#DRAINED_BYTES], each byte verified; then its visitor leaves.
  private PeerProgram pausedDownload() throws Exception {
    PeerProgram paused =
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
            PAUSE,
            "-then",
            "drain",
            "-drain-bytes",
            String.valueOf(DRAINED_BYTES));
    assertThat(paused.ready().path("paused").asInt(0)).isEqualTo(1);
    return paused;
  }

  @Test
  void an_original_agent_stays_in_use_and_its_other_visitors_are_served() throws Exception {
    try (PeerProgram _ =
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
      try (PeerProgram paused = pausedDownload()) {
        // With the only bucket full, these wait until the paused one is cut off after 5 s.
        Visits.succeed(gateway.http(), route, "slow", 8, "-ms", "100");
        Visits.succeed(gateway.http(), route, "mixed", 200, "-max-bytes", "65536");
        assertThat(gateway.ids(route)).isEqualTo(before);
        assertThat(gateway.backends(route)).allMatch(Backend::usable);
        var end = paused.nextLine(LIMIT);
        assertThat(end.get("broken").asInt()).as(end.toString()).isEqualTo(1);
      }
    }
  }

  @Test
  void our_agent_serves_others_meanwhile_and_the_paused_one_goes_on_later() throws Exception {
    var config = gateway.agent(URI.create(appUrl), route).connections(1).build();
    try (Agent _ = Agent.connect(config)) {
      Set<String> before = gateway.awaitBackends(route, 1);
      try (PeerProgram paused = pausedDownload()) {
        Visits.succeed(gateway.http(), route, "mixed", 600, "-max-bytes", "262144");
        Visits.succeed(gateway.http(), route, "slow", 8, "-ms", "500");
        assertThat(gateway.ids(route)).isEqualTo(before);
        assertThat(gateway.backends(route)).allMatch(Backend::usable);
        assertThat(cancelledInTheApp()).isZero();
        var end = paused.nextLine(LIMIT);
        assertThat(end.get("broken").asInt()).as(end.toString()).isZero();
        assertThat(end.get("bytes_read").asLong()).isEqualTo(READ_BYTES + DRAINED_BYTES);
        await().atMost(LIMIT).until(() -> cancelledInTheApp() == 1);
        assertThat(gateway.ids(route)).isEqualTo(before);
      }
    }
  }

  /// Requests whose client left before they were answered, as the app saw it.
  private int cancelledInTheApp() throws IOException {
    Matcher count =
        Pattern.compile("\"cancelled\":(\\d+)")
            .matcher(RawVisit.get(appAddress, "app", "/stats").body());
    assertThat(count.find()).isTrue();
    return Integer.parseInt(count.group(1));
  }
}
