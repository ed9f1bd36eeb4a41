package io.penstock.it.codervpn;

import static io.penstock.it.codervpn.Outcomes.LIMIT;
import static io.penstock.it.codervpn.Outcomes.fault;
import static io.penstock.it.codervpn.Outcomes.get;
import static io.penstock.it.codervpn.Outcomes.step;
import static io.penstock.it.codervpn.Outcomes.told;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.penstock.it.CoderVpnPeers;
import io.penstock.it.PeerProgram;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.LastPing;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.Workspace;
import io.penstock.transport.codervpn.CallFailedException;
import io.penstock.transport.codervpn.Calls;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Our tunnel with a manager of the original's own header, frames and calls.
@ExtendWith(CoderVpnPeers.class)
@Timeout(180)
class OriginalManagerTest {

  private static final PeerUpdate PEERS =
      PeerUpdate.newBuilder()
          .addUpsertedWorkspaces(Workspace.newBuilder().setName("w"))
          .addUpsertedAgents(
              Agent.newBuilder()
                  .setId(ByteString.copyFrom(new byte[16]))
                  .setName("a")
                  .addFqdn("w.coder.")
                  .addFqdn("a.w.coder.")
                  .setLastPing(LastPing.newBuilder().setPreferredDerp("Home"))
                  .setPenstockRxBytes(7)
                  .setPenstockTxBytes(8))
          .build();

  private static String failed(JsonNode step) {
    return step.path("failed").asString("");
  }

  // ---- a whole life ----

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_tunnel_is_started_asked_and_stopped(String version) throws Exception {
    try (var tunnel = new OurTunnel(HeaderChoice.ANSWER, PEERS);
        PeerProgram manager =
            tunnel.manager(
                version, "start=https://a.test,secret", "peers", "nothing", "stop", "ended")) {
      JsonNode start = step(manager, "start").get("reply");
      assertThat(start.get("rpc").get("responseTo").asString()).isEqualTo("1");
      assertThat(start.get("start").get("success").asBoolean()).isTrue();

      JsonNode peers = step(manager, "peers").get("reply").get("peerUpdate");
      assertThat(peers.get("upsertedWorkspaces").get(0).get("name").asString()).isEqualTo("w");
      JsonNode agent = peers.get("upsertedAgents").get(0);
      // The first release had room for one name, and takes the last; it knew of no ping.
      boolean first = version.equals("original");
      assertThat(agent.get("fqdn"))
          .hasToString(first ? "\"a.w.coder.\"" : "[\"w.coder.\",\"a.w.coder.\"]");
      assertThat(agent.has("lastPing")).isEqualTo(!first);
      // What it does not know it skips.
      assertThat(agent.get("name").asString()).isEqualTo("a");
      assertThat(agent.propertyNames()).noneMatch(name -> name.startsWith("penstock"));

      // As by the original, a request of no kind is replied to with nothing in it.
      JsonNode nothing = step(manager, "nothing").get("reply");
      assertThat(nothing.propertyNames()).containsExactly("rpc");
      JsonNode stop = step(manager, "stop").get("reply");
      assertThat(stop.get("stop").get("success").asBoolean()).isTrue();
      assertThat(failed(step(manager, "ended"))).isEmpty();

      assertThat(tunnel.closed()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(tunnel.asked).containsExactly("start https://a.test secret 3", "peers", "stop");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void what_the_tunnel_says_and_asks_arrives_in_order(String version) throws Exception {
    try (var tunnel = new OurTunnel();
        PeerProgram manager = tunnel.manager(version)) {
      tunnel.opened();
      get(tunnel.log("hello"));
      get(tunnel.connection.peersChanged(PEERS));
      assertThat(get(tunnel.ask(1200, LIMIT)).getSuccess()).isTrue();
      assertThat(told(manager).get("log").get("message").asString()).isEqualTo("hello");
      assertThat(told(manager).get("peerUpdate").get("upsertedWorkspaces")).hasSize(1);
      JsonNode asked = told(manager);
      assertThat(asked.get("networkSettings").get("mtu").asInt()).isEqualTo(1200);
      assertThat(asked.get("rpc").get("msgId").asString()).isEqualTo("1");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void settings_that_the_manager_refuses_come_back_with_its_words(String version) throws Exception {
    try (var tunnel = new OurTunnel();
        PeerProgram _ = tunnel.manager(version, "-refuse", "no rights")) {
      tunnel.opened();
      var refused = get(tunnel.ask(1200, LIMIT));
      assertThat(refused.getSuccess()).isFalse();
      assertThat(refused.getErrorMessage()).isEqualTo("no rights");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_large_set_of_peers_arrives_whole(String version) throws Exception {
    var large = PeerUpdate.newBuilder();
    for (int i = 0; i < 20_000; i++) {
      large.addUpsertedWorkspacesBuilder().setName("workspace " + i).setStatusValue(i % 11);
    }
    try (var tunnel = new OurTunnel(HeaderChoice.ANSWER, large.build());
        PeerProgram manager = tunnel.manager(version, "peers")) {
      JsonNode all =
          step(manager, "peers").get("reply").get("peerUpdate").get("upsertedWorkspaces");
      assertThat(all).hasSize(20_000);
      assertThat(all.get(19_999).get("name").asString()).isEqualTo("workspace 19999");
    }
  }

  // ---- calls ----

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void replies_come_in_any_order_and_late_ones_are_ignored(String version) throws Exception {
    try (var tunnel = new OurTunnel();
        PeerProgram _ = tunnel.manager(version, "-late", "1300")) {
      tunnel.opened();
      var overtaken = tunnel.ask(1300, LIMIT);
      assertThat(get(tunnel.ask(1400, LIMIT)).getSuccess()).isTrue();
      assertThat(get(overtaken).getSuccess()).isTrue();

      assertThat(fault(tunnel.ask(1300, Duration.ofMillis(100))))
          .isEqualTo(CallFault.Plain.TIMED_OUT);
      var cancelled = tunnel.ask(1300, LIMIT);
      assertThat(cancelled.cancel(true)).isTrue();
      for (int i = 0; i < 3; i++) {
        assertThat(get(tunnel.ask(1400, LIMIT)).getSuccess()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_call_that_the_manager_gives_up_disturbs_no_other(String version) throws Exception {
    var release = new CountDownLatch(1);
    var slow =
        new OurTunnel() {
          @Override
          public StartResponse start(StartRequest request) throws InterruptedException {
            release.await();
            return super.start(request);
          }
        };
    try (slow;
        PeerProgram manager = slow.manager(version, "start=u,t@100ms", "peers", "peers")) {
      assertThat(failed(step(manager, "start"))).isEqualTo("context deadline exceeded");
      release.countDown();
      for (int i = 0; i < 2; i++) {
        assertThat(step(manager, "peers").get("reply").has("peerUpdate")).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_stop_cancels_the_start_that_is_under_way(String version) throws Exception {
    var blocking =
        new OurTunnel() {
          @Override
          public StartResponse start(StartRequest request) throws InterruptedException {
            var _ = log("starting");
            new CountDownLatch(1).await();
            return super.start(request);
          }
        };
    try (blocking;
        PeerProgram manager = blocking.manager(version, "&start=u,t", "told=1", "stop", "ended")) {
      // The replies are printed by two threads.
      boolean started = false;
      boolean stopped = false;
      while (!started || !stopped) {
        JsonNode line = manager.line(each -> each.has("reply"), LIMIT);
        JsonNode reply = line.get("reply");
        if (reply.has("start")) {
          assertThat(reply.get("start").get("errorMessage").asString())
              .isEqualTo("the start was cancelled");
          started = true;
        } else {
          assertThat(reply.get("stop").get("success").asBoolean()).isTrue();
          stopped = true;
        }
      }
      assertThat(failed(step(manager, "ended"))).isEmpty();
      assertThat(blocking.closed()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }

  // ---- ends ----

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_manager_that_hangs_up_ends_the_call_of_the_tunnel(String version) throws Exception {
    try (var tunnel = new OurTunnel();
        PeerProgram _ = tunnel.manager(version, "-late", "1300", "told=1", "close")) {
      tunnel.opened();
      assertThat(fault(tunnel.ask(1300, LIMIT))).isInstanceOf(CallFault.StreamEnded.class);
      assertThat(tunnel.closed()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void a_tunnel_that_hangs_up_ends_the_call_of_the_manager(String version) throws Exception {
    var hanging =
        new OurTunnel() {
          @Override
          public StartResponse start(StartRequest request) throws InterruptedException {
            connection.close();
            new CountDownLatch(1).await();
            return super.start(request);
          }
        };
    try (hanging;
        PeerProgram manager = hanging.manager(version, "start=u,t", "ended")) {
      assertThat(failed(step(manager, "start"))).isEqualTo("unexpected EOF");
      assertThat(failed(step(manager, "ended"))).isEmpty();
      assertThat(hanging.closed()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
    }
  }

  /// What a sender was told is sent has arrived, and nothing comes behind the reply.
  @ParameterizedTest
  @ValueSource(strings = {"original", "current"})
  void every_sender_is_answered_when_the_tunnel_stops_under_it(String version) throws Exception {
    try (var tunnel = new OurTunnel();
        PeerProgram manager = tunnel.manager(version, "told=200", "stop", "ended")) {
      tunnel.opened();
      var sent = new AtomicInteger();
      var stopped = new CountDownLatch(8);
      List<Thread> senders = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        senders.add(
            Thread.startVirtualThread(
                () -> {
                  try {
                    while (true) {
                      Void _ = Calls.await(tunnel.log("busy"));
                      sent.incrementAndGet();
                    }
                  } catch (IOException | InterruptedException e) {
                    if (e instanceof CallFailedException failed
                        && failed
                            .fault()
                            .equals(new CallFault.StreamEnded(SpeakerEnd.Orderly.STOPPED))) {
                      stopped.countDown();
                    }
                  }
                }));
      }
      int told = 0;
      for (JsonNode line = manager.nextLine(LIMIT);
          !line.path("step").asString("").equals("ended");
          line = manager.nextLine(LIMIT)) {
        told += line.path("event").asString("").equals("told") ? 1 : 0;
      }
      assertThat(stopped.await(60, SECONDS)).isTrue();
      for (Thread sender : senders) {
        sender.join();
      }
      assertThat(told).isEqualTo(sent.get());
      assertThat(tunnel.closed()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }
}
