package io.penstock.it.codervpn;

import static io.penstock.it.codervpn.Outcomes.LIMIT;
import static io.penstock.it.codervpn.Outcomes.event;
import static io.penstock.it.codervpn.Outcomes.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.api.client.RequestHeaders;
import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import io.penstock.node.vpn.StartOrder;
import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.VpnManager;
import io.penstock.node.vpn.VpnManagerConfig;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// The whole manager role of ours, down to what it does to a machine, with the original's tunnel.
@ExtendWith(CoderVpnPeers.class)
@Timeout(180)
class OriginalTunnelManagedTest implements OsNetwork, VpnListener {

  private static final StartOrder ORDER =
      new StartOrder(
          "https://a.test",
          "secret",
          new RequestHeaders(List.of(new RequestHeaders.Field("X-A", "b"))),
          OptionalInt.empty());

  private final List<OsSettings> applied = new CopyOnWriteArrayList<>();
  private final VpnManager manager =
      new VpnManager(
          VpnManagerConfig.builder()
              .speaker(SpeakerConfig.manager().header(HeaderChoice.ANSWER).build())
              .callLimit(LIMIT)
              .build(),
          this,
          this);
  private volatile String refusal = "";

  private static PeerProgram tunnel(UnixListener listener, String version, String... arguments)
      throws IOException {
    return listener.start("codervpn-tunnel-" + version, arguments);
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_tunnel_is_started_asked_and_stopped(String version) throws Exception {
    try (UnixListener listener = new UnixListener(manager.handler());
        PeerProgram tunnel = tunnel(listener, version)) {
      manager.start(ORDER);
      assertThat(manager.askPeers()).isEqualTo(PeerUpdate.getDefaultInstance());
      manager.stop();
      assertThat(get(manager.ended()).graceful()).isTrue();
      assertThat(applied).isEmpty();
      if (version.equals("current")) {
        JsonNode started = event(tunnel, "start");
        assertThat(started.get("headers").get("X-A").get(0).asString()).isEqualTo("b");
      }
    }
  }

  @Test
  void peers_are_as_the_tunnel_tells_of_them() throws Exception {
    try (UnixListener listener = new UnixListener(manager.handler());
        PeerProgram _ = tunnel(listener, "current", "add=1", "add=2", "remove=1")) {
      manager.start(ORDER);
      await()
          .atMost(LIMIT)
          .until(
              () ->
                  manager.peers().getUpsertedWorkspacesList().stream()
                      .map(one -> one.getName())
                      .toList()
                      .equals(List.of("w2")));
      assertThat(manager.askPeers()).isEqualTo(manager.peers());
      manager.stop();
    }
  }

  @Test
  void what_it_asks_for_is_applied_to_the_machine() throws Exception {
    try (UnixListener listener = new UnixListener(manager.handler());
        PeerProgram _ = tunnel(listener, "current", "-settings")) {
      manager.start(ORDER);
      assertThat(applied.getFirst().addresses())
          .contains(new InterfaceAddress(IpAddress.parse("100.64.0.1"), 10));
      assertThat(applied.getFirst().included()).contains(IpPrefix.parse("100.64.0.0/10"));
      assertThat(applied.getFirst().excluded()).contains(IpPrefix.parse("192.0.2.0/24"));
      manager.stop();
    }
  }

  @Test
  void what_the_machine_refuses_is_told_and_the_start_fails_with_it() throws Exception {
    refusal = "no rights to change routes";
    try (UnixListener listener = new UnixListener(manager.handler());
        PeerProgram _ = tunnel(listener, "current", "-settings")) {
      assertThatThrownBy(() -> manager.start(ORDER))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no rights to change routes");
      assertThat(applied).isEmpty();
    }
  }

  @Override
  public void apply(OsSettings settings) throws IOException {
    if (!refusal.isEmpty()) {
      throw new IOException(refusal);
    }
    applied.add(settings);
  }

  @Override
  public OsSettings settings() {
    return applied.isEmpty() ? OsSettings.NONE : applied.getLast();
  }

  @Override
  public void close() {
    // Nothing was done to this machine.
  }

  @Override
  public void peersChanged(PeerUpdate change) {
    // The manager has them.
  }

  @Override
  public void settingsApplied(OsSettings settings) {
    // The machine has them.
  }

  @Override
  public void log(Log log) {
    // Nobody looks at it here.
  }
}
