package io.penstock.it.codervpn;

import static io.penstock.it.codervpn.OurManager.next;
import static io.penstock.it.codervpn.Outcomes.LIMIT;
import static io.penstock.it.codervpn.Outcomes.event;
import static io.penstock.it.codervpn.Outcomes.fault;
import static io.penstock.it.codervpn.Outcomes.get;
import static io.penstock.it.codervpn.Outcomes.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.PeerTable;
import io.penstock.protocol.codervpn.ProtocolVersion;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.LastPing;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.Workspace;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Our manager with the original's tunnel.
@ExtendWith(CoderVpnPeers.class)
@Timeout(180)
class OriginalTunnelTest {

  private static final StartRequest START =
      StartRequest.newBuilder().setCoderUrl("https://a.test").setApiToken("secret").build();

  private static OurManager manager() throws Exception {
    return new OurManager(HeaderChoice.ANSWER);
  }

  private static ByteString id(int first, int last) {
    byte[] id = new byte[16];
    id[0] = (byte) first;
    id[15] = (byte) last;
    return ByteString.copyFrom(id);
  }

  private static Workspace workspace(int number) {
    return Workspace.newBuilder()
        .setId(id(0, number))
        .setName("w" + number)
        .setStatus(Workspace.Status.RUNNING)
        .build();
  }

  private static Agent agent(int number) {
    return Agent.newBuilder()
        .setId(id(0xa, number))
        .setName("a" + number)
        .setWorkspaceId(id(0, number))
        .addFqdn("w" + number + ".coder.")
        .addFqdn("a" + number + ".w" + number + ".me.coder.")
        .addIpAddrs("fd60::" + number)
        .setLastHandshake(Timestamp.newBuilder().setSeconds(1_700_000_000))
        .build();
  }

  // ---- a whole life ----

  @Test
  void the_current_tunnel_is_started_asked_and_stopped() throws Exception {
    try (var manager = manager();
        PeerProgram tunnel = manager.tunnel("current", "add=1", "add=2", "remove=1")) {
      assertThat(manager.opened()).isEqualTo(new ProtocolVersion(1, 2));
      var start =
          START.toBuilder()
              .addHeaders(StartRequest.Header.newBuilder().setName("X-A").setValue("b"))
              .setDeviceId("d1")
              .setDeviceOs("Linux")
              .setCoderDesktopVersion("0.1.0")
              .build();
      assertThat(get(manager.connection.start(start, LIMIT)).getSuccess()).isTrue();
      JsonNode started = event(tunnel, "start");
      assertThat(started.get("url").asString()).isEqualTo("https://a.test");
      assertThat(started.get("token").asString()).isEqualTo("secret");
      assertThat(started.get("headers").get("X-A").get(0).asString()).isEqualTo("b");
      assertThat(started.get("headers").get("Coder-Desktop-Telemetry").get(0).asString())
          .contains("d1", "Linux", "0.1.0");

      var table = new PeerTable();
      for (int added = 1; added <= 2; added++) {
        PeerUpdate update = next(manager.updates);
        assertThat(update)
            .isEqualTo(
                PeerUpdate.newBuilder()
                    .addUpsertedWorkspaces(workspace(added))
                    .addUpsertedAgents(agent(added))
                    .build());
        table.apply(update);
      }
      table.apply(next(manager.updates));
      PeerUpdate all =
          PeerUpdate.newBuilder()
              .addUpsertedWorkspaces(workspace(2))
              .addUpsertedAgents(agent(2))
              .build();
      assertThat(table.all()).isEqualTo(all);
      assertThat(get(manager.connection.peers(LIMIT))).isEqualTo(all);

      // It is answered like the first.
      assertThat(get(manager.connection.start(START, LIMIT)).getSuccess()).isTrue();
      assertThat(get(manager.connection.stop(LIMIT)).getSuccess()).isTrue();
      assertThat(manager.closed()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      event(tunnel, "stop");
      event(tunnel, "closed");
    }
  }

  /// It closes everything before it would answer the stop.
  @Test
  void the_first_tunnel_is_started_asked_and_stopped() throws Exception {
    try (var manager = manager();
        PeerProgram tunnel = manager.tunnel("original", "settings=1280", "log=hello")) {
      assertThat(manager.opened()).isEqualTo(ProtocolVersion.V1_0);
      step(tunnel, "settings");
      assertThat(next(manager.settings).getMtu()).isEqualTo(1280);
      assertThat(next(manager.logs).getMessage()).isEqualTo("hello");
      assertThat(get(manager.connection.start(START, LIMIT)).getSuccess()).isTrue();
      assertThat(get(manager.connection.peers(LIMIT))).isEqualTo(PeerUpdate.getDefaultInstance());
      assertThat(fault(manager.connection.stop(LIMIT)))
          .isEqualTo(new CallFault.StreamEnded(SpeakerEnd.Orderly.PEER_CLOSED));
      assertThat(manager.closed()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
    }
  }

  @Test
  void a_tunnel_is_stopped_before_it_was_started() throws Exception {
    try (var manager = manager();
        PeerProgram tunnel = manager.tunnel("current")) {
      manager.opened();
      assertThat(get(manager.connection.stop(LIMIT)).getSuccess()).isTrue();
      assertThat(manager.closed()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      event(tunnel, "closed");
    }
  }

  @ParameterizedTest
  @CsvSource(
      value = {"'', secret, missing coder url", "https://a.test, '', missing api token"},
      emptyValue = "")
  void a_start_that_is_refused_says_why(String url, String token, String reason) throws Exception {
    try (var manager = manager();
        PeerProgram _ = manager.tunnel("current")) {
      manager.opened();
      var start = StartRequest.newBuilder().setCoderUrl(url).setApiToken(token).build();
      var response = get(manager.connection.start(start, LIMIT));
      assertThat(response.getSuccess()).isFalse();
      assertThat(response.getErrorMessage()).isEqualTo(reason);
    }
  }

  // ---- network settings ----

  @Test
  void what_the_tunnel_asks_for_arrives_whole() throws Exception {
    try (var manager = manager();
        PeerProgram _ = manager.tunnel("current", "-settings")) {
      manager.opened();
      assertThat(get(manager.connection.start(START, LIMIT)).getErrorMessage()).isEmpty();
      assertThat(manager.settings)
          .containsExactly(
              NetworkSettingsRequest.newBuilder()
                  .setMtu(1280)
                  .setIpv4Settings(
                      IPv4Settings.newBuilder()
                          .addAddrs("100.64.0.1")
                          .addSubnetMasks("255.192.0.0")
                          .addIncludedRoutes(
                              IPv4Settings.IPv4Route.newBuilder()
                                  .setDestination("100.64.0.0")
                                  .setMask("255.192.0.0"))
                          .addExcludedRoutes(
                              IPv4Settings.IPv4Route.newBuilder()
                                  .setDestination("192.0.2.0")
                                  .setMask("255.255.255.0")))
                  .setIpv6Settings(
                      IPv6Settings.newBuilder()
                          .addAddrs("fd60::1")
                          .addPrefixLengths(48)
                          .addIncludedRoutes(
                              IPv6Settings.IPv6Route.newBuilder()
                                  .setDestination("fd60::")
                                  .setPrefixLength(48))
                          .addExcludedRoutes(
                              IPv6Settings.IPv6Route.newBuilder()
                                  .setDestination("2001:db8::")
                                  .setPrefixLength(32)))
                  .build(),
              NetworkSettingsRequest.newBuilder()
                  .setDnsSettings(
                      DNSSettings.newBuilder()
                          .addServers("fd60::53")
                          .setDomainName("coder")
                          .addMatchDomains("coder"))
                  .build());
    }
  }

  @Test
  void settings_that_the_manager_refuses_fail_the_start_with_its_words() throws Exception {
    var refusing =
        new OurManager(HeaderChoice.ANSWER) {
          @Override
          public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
            return NetworkSettingsResponse.newBuilder().setErrorMessage("no rights").build();
          }
        };
    try (refusing;
        PeerProgram _ = refusing.tunnel("current", "-settings")) {
      refusing.opened();
      assertThat(get(refusing.connection.start(START, LIMIT)).getErrorMessage())
          .isEqualTo("failed to start connection: network settings failed: no rights");
    }
  }

  // ---- what it says ----

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void logs_arrive_with_their_level_names_and_fields(String version) throws Exception {
    try (var manager = manager();
        PeerProgram _ = manager.tunnel(version, "log=two words")) {
      manager.opened();
      get(manager.connection.start(START, LIMIT));
      Log log = next(manager.logs);
      assertThat(log.getLevel()).isEqualTo(Log.Level.WARN);
      assertThat(log.getMessage()).isEqualTo("two words");
      assertThat(log.getLoggerNamesList()).endsWith("peer");
      assertThat(log.getFieldsList())
          .containsExactly(Log.Field.newBuilder().setName("n").setValue("7").build());
    }
  }

  /// The first status comes after five seconds; a ping, made meanwhile, may be told only with the
  /// next.
  @Test
  void the_status_of_all_agents_comes_by_itself_and_with_their_pings() throws Exception {
    try (var manager = manager();
        PeerProgram _ = manager.tunnel("current", "add=1", "add=2")) {
      manager.opened();
      get(manager.connection.start(START, LIMIT));
      PeerUpdate status = next(manager.updates);
      while (status.getUpsertedAgentsCount() < 2
          || !status.getUpsertedAgentsList().stream().allMatch(Agent::hasLastPing)) {
        status = next(manager.updates);
      }
      var ping =
          LastPing.newBuilder()
              .setLatency(Duration.newBuilder().setNanos(7_000_000))
              .setDidP2P(true)
              .setPreferredDerp("Home")
              .setPreferredDerpLatency(Duration.newBuilder().setNanos(20_000_000));
      assertThat(status.getUpsertedAgentsList())
          .containsExactlyInAnyOrder(
              agent(1).toBuilder().setLastPing(ping).build(),
              agent(2).toBuilder().setLastPing(ping).build());
      assertThat(status.getUpsertedWorkspacesList()).isEmpty();
      assertThat(status.getDeletedAgentsList()).isEmpty();
    }
  }

  // ---- calls ----

  @Test
  void a_reply_that_comes_too_late_is_ignored() throws Exception {
    try (var manager = manager();
        PeerProgram tunnel = manager.tunnel("current", "-hold-start", "1s")) {
      manager.opened();
      var late = manager.connection.start(START, java.time.Duration.ofMillis(50));
      event(tunnel, "start");
      var cancelled = manager.connection.start(START, LIMIT);
      assertThat(cancelled.cancel(true)).isTrue();
      assertThat(fault(late)).isEqualTo(CallFault.Plain.TIMED_OUT);
      assertThat(get(manager.connection.peers(LIMIT))).isEqualTo(PeerUpdate.getDefaultInstance());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void what_an_older_tunnel_does_not_know_is_not_sent_to_it(String version) throws Exception {
    try (var manager = manager();
        PeerProgram _ = manager.tunnel(version)) {
      manager.opened();
      assertThat(fault(manager.connection.wake(LIMIT))).isInstanceOf(CallFault.Unsupported.class);
      assertThat(get(manager.connection.start(START, LIMIT)).getSuccess()).isTrue();
    }
  }

  // ---- ends ----

  @Test
  void a_tunnel_that_dies_ends_the_call_that_waits_for_it() throws Exception {
    try (var manager = manager()) {
      CompletableFuture<StartResponse> start;
      try (PeerProgram tunnel = manager.tunnel("current", "-hold-start", "1m")) {
        manager.opened();
        start = manager.connection.start(START, LIMIT);
        event(tunnel, "start");
      }
      assertThat(fault(start)).isInstanceOf(CallFault.StreamEnded.class);
      assertThat(manager.closed()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_manager_that_hangs_up_ends_the_call_of_the_tunnel(String version) throws Exception {
    var release = new CountDownLatch(1);
    var slow =
        new OurManager(HeaderChoice.ANSWER) {
          @Override
          public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
            settings.add(request);
            try {
              release.await();
            } catch (InterruptedException _) {
              Thread.currentThread().interrupt();
            }
            return NetworkSettingsResponse.getDefaultInstance();
          }
        };
    try (slow;
        PeerProgram tunnel = slow.tunnel(version, "settings=1300")) {
      slow.opened();
      get(slow.connection.start(START, LIMIT));
      assertThat(next(slow.settings).getMtu()).isEqualTo(1300);
      slow.connection.close();
      assertThat(step(tunnel, "settings").path("failed").asString(""))
          .isEqualTo("rpc failure: unexpected EOF");
      assertThat(slow.closed()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
      release.countDown();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void the_largest_messages_arrive_and_larger_ones_end_the_stream(String version) throws Exception {
    int large = SpeakerConfig.MAX_FRAME_BYTES - 1000;
    try (var manager = manager();
        PeerProgram _ = manager.tunnel(version, "long-log=" + large, "long-log=16777216")) {
      manager.opened();
      // The stream may end before this is answered.
      var _ = manager.connection.start(START, LIMIT);
      assertThat(next(manager.logs).getMessage()).hasSize(large);
      assertThat(manager.closed()).isInstanceOf(SpeakerEnd.FrameTooLarge.class);
    }
  }
}
