package io.penstock.it.codervpn;

import static io.penstock.it.codervpn.Outcomes.get;
import static io.penstock.it.codervpn.Outcomes.step;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreatedToken;
import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.node.Node;
import io.penstock.node.vpn.VpnTunnel;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// A node of ours on a whole gateway, started and stopped by a manager of the original's own
/// header, frames and calls.
@ExtendWith(CoderVpnPeers.class)
@Timeout(180)
class OriginalManagerNodeTest {

  @TempDir private Path data;

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_node_is_started_asked_for_its_peers_and_stopped(String version) throws Exception {
    try (TestOverlay overlay = TestOverlay.start(data)) {
      CreatedToken ann = overlay.token("ann");
      String start =
          "start=https://127.0.0.1:%d,%s"
              .formatted(overlay.gateway().addresses().tunnel().getPort(), ann.token());
      VpnTunnelConfig config =
          VpnTunnelConfig.builder("laptop")
              .node(node -> node.trust(overlay.trust()))
              // The program names a descriptor, at which there is no device.
              .devices(_ -> Optional.empty())
              .statusInterval(Duration.ofMillis(200))
              .build();
      try (Node _ = OverlayNode.join(overlay, "db", ann);
          VpnTunnel tunnel = new VpnTunnel(config);
          UnixListener listener = new UnixListener(tunnel.handler());
          PeerProgram manager =
              listener.start(
                  "codervpn-manager-" + version, start, "told=5", "peers", "stop", "ended")) {
        JsonNode started = step(manager, "start").get("reply").get("start");
        assertThat(started.path("errorMessage").asString("")).isEmpty();
        assertThat(started.get("success").asBoolean()).isTrue();

        JsonNode peers = step(manager, "peers").get("reply").get("peerUpdate");
        assertThat(peers.get("upsertedWorkspaces").get(0).get("name").asString()).isEqualTo("db");
        assertThat(peers.get("upsertedAgents")).hasSize(1);
        assertThat(peers.get("upsertedAgents").get(0).get("fqdn").toString())
            .contains("db.penstock.internal.");

        JsonNode stop = step(manager, "stop").get("reply").get("stop");
        assertThat(stop.get("success").asBoolean()).isTrue();
        assertThat(step(manager, "ended").path("failed").asString("")).isEmpty();
        assertThat(get(tunnel.ended())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      }
    }
  }
}
