package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.Timestamp;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.ClientMessage;
import io.penstock.protocol.codervpn.message.LastPing;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.RPC;
import io.penstock.protocol.codervpn.message.ServiceMessage;
import io.penstock.protocol.codervpn.message.StartProgress;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.Status;
import io.penstock.protocol.codervpn.message.StatusRequest;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.protocol.codervpn.message.WakeResponse;
import io.penstock.protocol.codervpn.message.Workspace;
import io.penstock.testkit.GoldenVectors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// The messages against the golden vectors: every field, both ways.
class MessagesTest {

  private static final GoldenVectors VECTORS = GoldenVectors.read("/vectors/codervpn.txt");

  private static final Map<String, Message> MESSAGES = new LinkedHashMap<>();

  static {
    MESSAGES.put("stop-1", Samples.asked(Samples.STOP, 1));
    MESSAGES.put("stop-response", Samples.replied(Samples.STOPPED, 1));
    MESSAGES.put("get-peer-update-1", Samples.asked(Samples.GET_PEER_UPDATE, 1));
    MESSAGES.put(
        "start-response-empty",
        TunnelMessage.newBuilder().setStart(StartResponse.getDefaultInstance()).build());
    MESSAGES.put("log", Samples.log("test log"));
    MESSAGES.put("wake-1", Samples.asked(Samples.WAKE, 1));
    MESSAGES.put(
        "wake-response",
        Samples.replied(
            TunnelMessage.newBuilder().setWake(WakeResponse.getDefaultInstance()).build(), 1));
    MESSAGES.put("start-2-full", start());
    MESSAGES.put("peer-update-full", peerUpdate());
    MESSAGES.put("peer-update-no-handshake", noHandshake());
    MESSAGES.put("network-settings-1-full", networkSettings());
    MESSAGES.put(
        "network-settings-response",
        Samples.replied(
            ManagerMessage.newBuilder()
                .setNetworkSettings(NetworkSettingsResponse.newBuilder().setErrorMessage("no"))
                .build(),
            1));
    MESSAGES.put(
        "log-full",
        TunnelMessage.newBuilder()
            .setLog(
                Log.newBuilder()
                    .setLevel(Log.Level.FATAL)
                    .setMessage("m")
                    .addLoggerNames("a")
                    .addLoggerNames("b")
                    .addFields(Log.Field.newBuilder().setName("n").setValue("v")))
            .build());
    MESSAGES.put(
        "start-progress",
        ServiceMessage.newBuilder()
            .setStartProgress(
                StartProgress.newBuilder()
                    .setStage(StartProgress.Stage.DOWNLOADING)
                    .setDownloadProgress(
                        StartProgress.DownloadProgress.newBuilder()
                            .setBytesWritten(5)
                            .setBytesTotal(1L << 40)))
            .build());
    MESSAGES.put(
        "status",
        ServiceMessage.newBuilder()
            .setRpc(RPC.newBuilder().setResponseTo(9))
            .setStatus(
                Status.newBuilder()
                    .setLifecycle(Status.Lifecycle.STOPPED)
                    .setErrorMessage("e")
                    .setPeerUpdate(PeerUpdate.getDefaultInstance()))
            .build());
    MESSAGES.put(
        "client-status-9",
        ClientMessage.newBuilder()
            .setRpc(RPC.newBuilder().setMsgId(9))
            .setStatus(StatusRequest.getDefaultInstance())
            .build());
  }

  @Test
  void every_vector_is_known() {
    assertThat(MESSAGES.keySet()).containsExactlyElementsOf(VECTORS.names());
  }

  @Test
  void a_message_is_written_as_the_original_writes_it() {
    MESSAGES.forEach(
        (name, message) -> assertThat(End.frame(message)).as(name).isEqualTo(VECTORS.bytes(name)));
  }

  @Test
  void a_message_is_read_as_the_original_wrote_it() throws Exception {
    for (String name : VECTORS.names()) {
      byte[] frame = VECTORS.bytes(name);
      Message expected = Objects.requireNonNull(MESSAGES.get(name));
      Parser<? extends Message> parser = expected.getParserForType();
      assertThat((Message) parser.parseFrom(Arrays.copyOfRange(frame, 4, frame.length)))
          .as(name)
          .isEqualTo(expected);
    }
  }

  private static ManagerMessage start() {
    return Samples.asked(
        ManagerMessage.newBuilder()
            .setStart(
                StartRequest.newBuilder()
                    .setTunnelFileDescriptor(3)
                    .setCoderUrl("https://a.test")
                    .setApiToken("secret")
                    .addHeaders(StartRequest.Header.newBuilder().setName("X-A").setValue("b"))
                    .setDeviceId("d")
                    .setDeviceOs("linux")
                    .setCoderDesktopVersion("0.1.0"))
            .build(),
        2);
  }

  private static TunnelMessage peerUpdate() {
    Duration latency = Duration.newBuilder().setNanos(7_000_000).build();
    return TunnelMessage.newBuilder()
        .setPeerUpdate(
            PeerUpdate.newBuilder()
                .addUpsertedWorkspaces(workspace(1, "w", Workspace.Status.RUNNING))
                .addUpsertedAgents(
                    Agent.newBuilder()
                        .setId(Samples.id(2))
                        .setName("a")
                        .setWorkspaceId(Samples.id(1))
                        .addFqdn("a.w.coder.")
                        .addFqdn("a.w.me.coder.")
                        .addIpAddrs("fd60::1")
                        .setLastHandshake(
                            Timestamp.newBuilder().setSeconds(1_700_000_000).setNanos(5))
                        .setLastPing(
                            LastPing.newBuilder()
                                .setLatency(latency)
                                .setDidP2P(true)
                                .setPreferredDerp("Home")
                                .setPreferredDerpLatency(latency)))
                .addDeletedWorkspaces(workspace(3, "v", Workspace.Status.DELETED))
                .addDeletedAgents(
                    Agent.newBuilder()
                        .setId(Samples.id(4))
                        .setName("b")
                        .setWorkspaceId(Samples.id(3))))
        .build();
  }

  private static Workspace workspace(int id, String name, Workspace.Status status) {
    ByteString bytes = Samples.id(id);
    return Workspace.newBuilder().setId(bytes).setName(name).setStatus(status).build();
  }

  /// The original tells of an agent without a handshake that it was in the year 1.
  private static TunnelMessage noHandshake() {
    return TunnelMessage.newBuilder()
        .setPeerUpdate(
            PeerUpdate.newBuilder()
                .addUpsertedAgents(
                    Agent.newBuilder()
                        .setId(Samples.id(2))
                        .setLastHandshake(Timestamp.newBuilder().setSeconds(-62_135_596_800L))))
        .build();
  }

  private static TunnelMessage networkSettings() {
    var settings =
        NetworkSettingsRequest.newBuilder()
            .setTunnelOverheadBytes(80)
            .setMtu(1200)
            .setTunnelRemoteAddress("192.0.2.1");
    settings
        .getDnsSettingsBuilder()
        .addServers("fd60::53")
        .addSearchDomains("coder")
        .setDomainName("coder")
        .addMatchDomains("coder")
        .setMatchDomainsNoSearch(true);
    var v4 = settings.getIpv4SettingsBuilder();
    v4.addAddrs("100.64.0.1").addSubnetMasks("255.255.255.255").setRouter("100.64.0.254");
    v4.addIncludedRoutesBuilder()
        .setDestination("100.64.0.0")
        .setMask("255.192.0.0")
        .setRouter("100.64.0.254");
    v4.addExcludedRoutesBuilder().setDestination("192.0.2.0").setMask("255.255.255.0");
    var v6 = settings.getIpv6SettingsBuilder();
    v6.addAddrs("fd60::1").addPrefixLengths(128);
    v6.addIncludedRoutesBuilder().setDestination("fd60::").setPrefixLength(48).setRouter("fd60::2");
    v6.addExcludedRoutesBuilder().setDestination("2001:db8::").setPrefixLength(32);
    return Samples.asked(TunnelMessage.newBuilder().setNetworkSettings(settings).build(), 1);
  }
}
