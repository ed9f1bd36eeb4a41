package io.penstock.it.codervpn;

import static io.penstock.it.codervpn.Outcomes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which of our headers the originals take, and which version comes of it.
@ExtendWith(CoderVpnPeers.class)
@Timeout(180)
class OriginalHeaderTest {

  @ParameterizedTest
  @CsvSource({
    "original, ORIGINAL, 1.0",
    "original, ANSWER, 1.0",
    "current, CURRENT, 1.2",
    "current, ANSWER, 1.2",
  })
  void a_tunnel_of_the_original_and_our_manager_agree(
      String version, HeaderChoice header, String agreed) throws Exception {
    try (var manager = new OurManager(header);
        PeerProgram tunnel = manager.tunnel(version)) {
      assertThat(tunnel.ready().get("event").asString()).isEqualTo("opened");
      assertThat(manager.opened()).hasToString(agreed);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "original, ORIGINAL, 1.0",
    "original, ANSWER, 1.0",
    "current, CURRENT, 1.2",
    "current, ANSWER, 1.2",
  })
  void a_manager_of_the_original_and_our_tunnel_agree(
      String version, HeaderChoice header, String agreed) throws Exception {
    try (var tunnel = new OurTunnel(header, PeerUpdate.getDefaultInstance());
        PeerProgram manager = tunnel.manager(version)) {
      assertThat(manager.ready().get("event").asString()).isEqualTo("opened");
      assertThat(tunnel.opened()).hasToString(agreed);
    }
  }

  /// We would read theirs, but they do not read ours.
  @ParameterizedTest
  @CsvSource({"original, CURRENT, version", "current, ORIGINAL, unexpected role"})
  void an_original_refuses_the_other_form(String version, HeaderChoice header, String reason)
      throws Exception {
    try (var manager = new OurManager(header);
        PeerProgram tunnel = manager.tunnel(version);
        var ourTunnel = new OurTunnel(header, PeerUpdate.getDefaultInstance());
        PeerProgram theirManager = ourTunnel.manager(version)) {
      for (PeerProgram refusing : new PeerProgram[] {tunnel, theirManager}) {
        assertThat(refusing.ready().path("error").asString(""))
            .startsWith("handshake failed: validate header (codervpn ")
            .contains(reason);
        assertThat(refusing.exitCode(LIMIT)).isOne();
      }
      assertThat(manager.closed()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
      assertThat(ourTunnel.closed()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
    }
  }
}
