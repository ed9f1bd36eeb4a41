package io.penstock.it.vpn;

import static io.penstock.it.vpn.PipedManager.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.google.protobuf.ByteString;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.api.client.AdminClient;
import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.node.Node;
import io.penstock.node.vpn.LogForwardAppender;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.Workspace;
import io.penstock.testkit.leak.LeakCheck;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// A tunnel of ours, its manager, and a whole gateway with other nodes.
@ExtendWith(LeakCheck.class)
@Timeout(240)
class VpnTunnelTest {

  private static final StartResponse STARTED = StartResponse.newBuilder().setSuccess(true).build();

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data);
    ann = overlay.token("ann");
  }

  @AfterEach
  void close() {
    overlay.close();
  }

  private VpnTunnelConfig.Builder config() {
    return VpnTunnelConfig.builder("laptop")
        .node(
            node ->
                node.trust(overlay.trust())
                    .state(data.resolve("state-of-laptop"))
                    .backoff(Duration.ofMillis(50), Duration.ofMillis(500)))
        .statusInterval(Duration.ofMillis(200));
  }

  private PipedManager manager() throws Exception {
    return new PipedManager(config().build());
  }

  private StartRequest request() {
    return StartRequest.newBuilder()
        .setCoderUrl("https://127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort())
        .setApiToken(ann.token())
        .build();
  }

  private static ByteString id(UUID id) {
    return ByteString.copyFrom(
        ByteBuffer.allocate(16)
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .flip());
  }

  private static Workspace workspace(Node node, Workspace.Status status) {
    return Workspace.newBuilder()
        .setId(id(node.id()))
        .setName(node.name())
        .setStatus(status)
        .build();
  }

  private static Agent agent(Node node) {
    return Agent.newBuilder()
        .setId(id(node.id()))
        .setName(node.name())
        .setWorkspaceId(id(node.id()))
        .addFqdn(node.name() + ".penstock.internal.")
        .addAllIpAddrs(node.addresses().stream().map(IpAddress::toString).toList())
        .build();
  }

  private static void awaitUpdate(PipedManager manager, PeerUpdate expected) {
    await("an update")
        .atMost(OverlayNode.LIMIT)
        .until(() -> manager.updates.stream().anyMatch(one -> timeless(one).equals(expected)));
  }

  /// An update without the times of handshakes.
  private static PeerUpdate timeless(PeerUpdate update) {
    PeerUpdate.Builder without = update.toBuilder().clearPenstockLink();
    without.getUpsertedAgentsBuilderList().forEach(Agent.Builder::clearLastHandshake);
    return without.build();
  }

  private static Stream<PeerUpdate> changesWith(PipedManager manager, Workspace workspace) {
    return manager.updates.stream()
        .filter(update -> update.getUpsertedWorkspacesList().contains(workspace));
  }

  /// Waits until another node sees whether the tunnel's node is online.
  private static void awaitLaptop(Node other, boolean online) {
    await("the tunnel's node online=" + online)
        .atMost(OverlayNode.LIMIT)
        .until(
            () ->
                other.peers().stream()
                        .filter(PeerInfo::online)
                        .anyMatch(peer -> peer.name().equals("laptop"))
                    == online);
  }

  // ---- a whole life ----

  private static void assertHandshakeIsSince(Agent agent, Instant before) {
    assertThat(Instant.ofEpochSecond(agent.getLastHandshake().getSeconds()))
        .isBetween(before, Instant.now());
  }

  @Test
  void a_manager_starts_a_node_hears_of_its_peers_and_stops_it() throws Exception {
    Instant before = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    try (Node db = OverlayNode.join(overlay, "db", ann);
        PipedManager manager = manager()) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      assertThat(manager.settings).as("before the start was answered").hasSizeGreaterThan(1);
      awaitLaptop(db, true);
      awaitUpdate(
          manager,
          PeerUpdate.newBuilder()
              .addUpsertedWorkspaces(workspace(db, Workspace.Status.RUNNING))
              .addUpsertedAgents(agent(db))
              .build());

      Node web = OverlayNode.join(overlay, "web", ann);
      Workspace running = workspace(web, Workspace.Status.RUNNING);
      await("the change")
          .atMost(OverlayNode.LIMIT)
          .until(() -> changesWith(manager, running).findAny().isPresent());
      await("the time of the last handshake of each")
          .atMost(OverlayNode.LIMIT)
          .untilAsserted(
              () ->
                  assertThat(get(manager.manager.peers(PipedManager.LIMIT)).getUpsertedAgentsList())
                      .hasSize(2)
                      .allSatisfy(agent -> assertHandshakeIsSince(agent, before)));
      assertThat(changesWith(manager, running))
          .as("a change is what has changed")
          .allSatisfy(
              update -> assertThat(update.getUpsertedWorkspacesList()).containsExactly(running));
      PeerUpdate both =
          PeerUpdate.newBuilder()
              .addUpsertedWorkspaces(workspace(db, Workspace.Status.RUNNING))
              .addUpsertedWorkspaces(running)
              .addUpsertedAgents(agent(db))
              .addUpsertedAgents(agent(web))
              .build();
      await("the full set")
          .atMost(OverlayNode.LIMIT)
          .until(() -> timeless(get(manager.manager.peers(PipedManager.LIMIT))).equals(both));
      assertThat(get(manager.manager.peers(PipedManager.LIMIT)).getPenstockLink())
          .as("how the tunnel reaches its gateway")
          .isEqualTo(PenstockLink.newBuilder().setState(PenstockLink.State.RUNNING).build());
      awaitUpdate(manager, both.toBuilder().clearUpsertedWorkspaces().build());

      web.close();
      Workspace stopped = workspace(web, Workspace.Status.STOPPED);
      awaitUpdate(
          manager,
          PeerUpdate.newBuilder()
              .addUpsertedWorkspaces(stopped)
              .addDeletedAgents(agent(web).toBuilder().clearFqdn().clearIpAddrs())
              .build());
      try (AdminClient admin = overlay.admin()) {
        admin.forgetNode("web");
      }
      awaitUpdate(manager, PeerUpdate.newBuilder().addDeletedWorkspaces(stopped).build());

      assertThat(get(manager.manager.stop(PipedManager.LIMIT)).getSuccess()).isTrue();
      assertThat(get(manager.manager.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(get(manager.tunnel.ended())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      awaitLaptop(db, false);
    }
  }

  @Test
  void the_settings_are_mtu_addresses_and_routes_then_dns_and_again_when_an_address_comes()
      throws Exception {
    try (PipedManager manager = manager()) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      NetworkSettingsRequest first = manager.settings.getFirst();
      assertThat(first.getMtu()).isEqualTo(1280);
      assertThat(first.hasDnsSettings()).isFalse();
      assertThat(first.getIpv4Settings().getAddrsCount()).isEqualTo(1);
      assertThat(first.getIpv4Settings().getSubnetMasksList()).containsExactly("255.255.255.255");
      assertThat(first.getIpv4Settings().getIncludedRoutesList())
          .singleElement()
          .satisfies(route -> assertThat(route.getMask()).startsWith("255."));
      NetworkSettingsRequest second = manager.settings.get(1);
      assertThat(second.getMtu()).isZero();
      assertThat(second.getDnsSettings().getServersList()).isNotEmpty();
      assertThat(second.getDnsSettings().getMatchDomainsList())
          .containsExactly("penstock.internal");
      assertThat(second.getDnsSettings().getSearchDomainsList())
          .containsExactly("penstock.internal");

      await("the IPv6 address")
          .atMost(OverlayNode.LIMIT)
          .until(
              () ->
                  manager.settings.stream()
                      .anyMatch(one -> one.getIpv6Settings().getPrefixLengthsList().contains(128)));
      assertThat(manager.settings).doesNotHaveDuplicates();
    }
  }

  @Test
  void another_address_after_a_restart_of_the_gateway_is_asked_for() throws Exception {
    try (PipedManager manager = manager()) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      overlay.restartWithOtherAddresses();
      await("the other address")
          .atMost(OverlayNode.LIMIT)
          .until(
              () ->
                  manager.settings.stream()
                      .flatMap(one -> one.getIpv4Settings().getAddrsList().stream())
                      .anyMatch(address -> address.startsWith("10.99.0.")));
    }
  }

  // ---- starts that fail ----

  @Test
  void settings_that_the_manager_refuses_fail_the_start_which_can_be_tried_again()
      throws Exception {
    try (Node db = OverlayNode.join(overlay, "db", ann);
        PipedManager manager = manager()) {
      manager.refusal = "no rights to set routes";
      assertThat(manager.start(request()).getErrorMessage())
          .isEqualTo("network settings failed: no rights to set routes");
      awaitLaptop(db, false);
      assertThat(get(manager.manager.peers(PipedManager.LIMIT)))
          .isEqualTo(PeerUpdate.getDefaultInstance());

      manager.refusal = "";
      assertThat(manager.start(request())).isEqualTo(STARTED);
      awaitLaptop(db, true);
    }
  }

  @Test
  void a_start_that_cannot_be_done_says_why_and_what_to_give() throws Exception {
    try (PipedManager manager = manager()) {
      assertThat(refusal(manager, request().toBuilder().clearCoderUrl()))
          .startsWith("missing coder url");
      assertThat(refusal(manager, request().toBuilder().clearApiToken()))
          .startsWith("missing api token");
      assertThat(refusal(manager, request().toBuilder().setTunnelFileDescriptor(7)))
          .contains("descriptor is 7");
      assertThat(refusal(manager, request().toBuilder().setCoderUrl("http://gateway.test")))
          .contains("http://gateway.test");
      assertThat(
              refusal(
                  manager,
                  request().toBuilder()
                      .addHeaders(
                          StartRequest.Header.newBuilder().setName("Host").setValue("other"))))
          .contains("Host");
      assertThat(refusal(manager, request().toBuilder().setApiToken("pst_wrong")))
          .startsWith("failed to start connection: ")
          .contains("token");
      assertThat(manager.settings).isEmpty();
    }
  }

  private static String refusal(PipedManager manager, StartRequest.Builder request)
      throws Exception {
    StartResponse response = manager.start(request.build());
    assertThat(response.getSuccess()).isFalse();
    return response.getErrorMessage();
  }

  @Test
  void a_stop_cancels_a_start_that_waits_for_its_gateway() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        PipedManager manager = manager()) {
      var start =
          manager.manager.start(
              request().toBuilder().setCoderUrl("127.0.0.1:" + silent.getLocalPort()).build(),
              PipedManager.LIMIT);
      silent.accept().close();
      var stop = manager.manager.stop(PipedManager.LIMIT);
      assertThat(get(start).getErrorMessage()).isEqualTo("the start was cancelled");
      assertThat(get(stop).getSuccess()).isTrue();
      assertThat(get(manager.tunnel.ended())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }

  // ---- out of turn ----

  @Test
  void what_is_asked_before_a_start_gets_sensible_replies() throws Exception {
    try (PipedManager manager = manager()) {
      assertThat(get(manager.manager.peers(PipedManager.LIMIT)))
          .isEqualTo(PeerUpdate.getDefaultInstance());
      assertThat(get(manager.manager.wake(PipedManager.LIMIT))).isNotNull();
      assertThat(get(manager.manager.stop(PipedManager.LIMIT)).getSuccess()).isTrue();
      assertThat(get(manager.tunnel.ended())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }

  @Test
  void a_second_start_is_agreed_to_if_it_is_the_same_and_refused_if_not() throws Exception {
    try (PipedManager manager = manager()) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      assertThat(manager.start(request())).isEqualTo(STARTED);
      assertThat(manager.start(request().toBuilder().setApiToken("pst_other").build()))
          .satisfies(
              response -> {
                assertThat(response.getSuccess()).isFalse();
                assertThat(response.getErrorMessage()).contains("runs already", "stop it first");
              });
      assertThat(get(manager.manager.wake(PipedManager.LIMIT))).isNotNull();
    }
  }

  // ---- ends ----

  @Test
  void a_manager_that_is_gone_ends_the_node() throws Exception {
    try (Node db = OverlayNode.join(overlay, "db", ann);
        PipedManager manager = manager()) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      awaitLaptop(db, true);
      manager.manager.close();
      assertThat(get(manager.tunnel.ended())).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
      awaitLaptop(db, false);
    }
  }

  @Test
  void a_tunnel_that_is_closed_ends_the_node_and_the_stream() throws Exception {
    try (Node db = OverlayNode.join(overlay, "db", ann);
        PipedManager manager = manager()) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      manager.tunnel.close();
      assertThat(get(manager.manager.closed())).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
      assertThat(get(manager.tunnel.ended()).graceful()).isTrue();
      awaitLaptop(db, false);
    }
  }

  @Test
  void a_node_that_is_over_by_itself_is_told_and_can_be_started_again() throws Exception {
    // Programs are quiet until they say what they log.
    ((Logger) LoggerFactory.getLogger("io.penstock.node.vpn")).setLevel(Level.ERROR);
    try (PipedManager manager = manager();
        var _ = LogForwardAppender.attach(manager.tunnel.logs())) {
      assertThat(manager.start(request())).isEqualTo(STARTED);
      try (AdminClient admin = overlay.admin()) {
        admin.revokeToken(ann.id());
      }
      overlay.restart();
      await("the node's end")
          .atMost(OverlayNode.LIMIT)
          .until(
              () ->
                  manager.logs.stream()
                      .anyMatch(log -> log.getMessage().startsWith("the node has stopped")));
      ann = overlay.token("ann");
      assertThat(manager.start(request())).isEqualTo(STARTED);
    }
  }
}
