package io.penstock.node.vpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.netty.channel.EventLoopGroup;
import io.penstock.api.IpAddress;
import io.penstock.api.client.RequestHeaders;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.node.vpn.os.RouteGuard;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.protocol.codervpn.message.Workspace;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.PipeChannel;
import io.penstock.transport.codervpn.TunnelConnection;
import io.penstock.transport.codervpn.TunnelHandler;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A manager, a tunnel at the other end of a pair of pipes that does what a test says, and a
/// machine that remembers what was done to it.
@Timeout(120)
class VpnManagerTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final StartOrder ORDER =
      new StartOrder(
          "https://gateway.test",
          "pst_secret",
          new RequestHeaders(List.of(new RequestHeaders.Field("Door-Key", "k"))),
          OptionalInt.of(7));

  private final EventLoopGroup loops = NativeSupport.newEventLoops(2, "vpn-manager");
  private final Machine machine = new Machine();
  private final Heard heard = new Heard();
  private final Tunnel tunnel = new Tunnel();
  private VpnManager manager;

  @BeforeEach
  void join() throws Exception {
    manager =
        new VpnManager(
            VpnManagerConfig.builder().callLimit(LIMIT).maxPeers(3).maxPeerBytes(4096).build(),
            machine,
            heard);
    PipeChannel.join(loops.next(), manager.handler(), loops.next(), tunnel.connection.handler());
  }

  @AfterEach
  void close() {
    tunnel.connection.close();
    manager.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(20)).syncUninterruptibly();
  }

  /// The machine, whose settings are what was applied last.
  private static final class Machine implements OsNetwork {
    private final RouteGuard guard =
        new RouteGuard(Set.of(IpAddress.parse("10.86.9.9")), RouteGuard.DefaultRoute.REFUSED);
    private final List<OsSettings> applied = new CopyOnWriteArrayList<>();
    private volatile String refusal = "";

    @Override
    public void apply(OsSettings settings) throws IOException {
      guard.check(settings);
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
      throw new AssertionError("the machine is not the manager's to put back");
    }
  }

  private static final class Heard implements VpnListener {
    private final List<PeerUpdate> changes = new CopyOnWriteArrayList<>();
    private final List<Log> logs = new CopyOnWriteArrayList<>();
    private final List<OsSettings> settings = new CopyOnWriteArrayList<>();

    @Override
    public void peersChanged(PeerUpdate change) {
      changes.add(change);
    }

    @Override
    public void settingsApplied(OsSettings applied) {
      settings.add(applied);
    }

    @Override
    public void log(Log log) {
      logs.add(log);
    }
  }

  /// The other end, which asks for these settings while it starts and fails when they are refused.
  private static final class Tunnel implements TunnelHandler {
    private final TunnelConnection connection =
        new TunnelConnection(SpeakerConfig.tunnel().build(), this);
    private final List<StartRequest> starts = new CopyOnWriteArrayList<>();
    private final CountDownLatch mayAnswer = new CountDownLatch(1);
    private volatile List<NetworkSettingsRequest> wanted = List.of();
    private volatile boolean answers = true;
    private volatile PeerUpdate all = PeerUpdate.getDefaultInstance();

    @Override
    public StartResponse start(StartRequest request) throws InterruptedException {
      starts.add(request);
      if (!answers) {
        mayAnswer.await();
      }
      for (NetworkSettingsRequest each : wanted) {
        String refused = asked(connection.networkSettings(each, LIMIT));
        if (!refused.isEmpty()) {
          return StartResponse.newBuilder().setErrorMessage("refused: " + refused).build();
        }
      }
      return StartResponse.newBuilder().setSuccess(true).build();
    }

    private static String asked(CompletionStage<NetworkSettingsResponse> question)
        throws InterruptedException {
      try {
        NetworkSettingsResponse answer =
            question.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        return answer.getSuccess() ? "" : answer.getErrorMessage();
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public StopResponse stop() {
      return StopResponse.newBuilder().setSuccess(true).build();
    }

    @Override
    public PeerUpdate peers() {
      return all;
    }

    @Override
    public void wake() {}
  }

  private static NetworkSettingsRequest mtu(int bytes) {
    return NetworkSettingsRequest.newBuilder().setMtu(bytes).build();
  }

  private static NetworkSettingsRequest address(String address) {
    return NetworkSettingsRequest.newBuilder()
        .setIpv4Settings(
            IPv4Settings.newBuilder().addAddrs(address).addSubnetMasks("255.255.255.255"))
        .build();
  }

  private static NetworkSettingsRequest route(String destination, String mask) {
    return NetworkSettingsRequest.newBuilder()
        .setIpv4Settings(
            IPv4Settings.newBuilder()
                .addIncludedRoutes(
                    IPv4Settings.IPv4Route.newBuilder().setDestination(destination).setMask(mask)))
        .build();
  }

  private static Workspace workspace(int id) {
    return Workspace.newBuilder().setId(id(id)).setName("w" + id).build();
  }

  private static Agent agent(int id) {
    return Agent.newBuilder().setId(id(id)).setWorkspaceId(id(id)).build();
  }

  private static ByteString id(int number) {
    return ByteString.copyFrom(new byte[] {(byte) number});
  }

  private SpeakerEnd ended() throws Exception {
    return manager.ended().toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void a_start_carries_the_order_and_applies_what_is_asked_for_each_time_as_a_whole()
      throws Exception {
    tunnel.wanted = List.of(mtu(1280), address("10.86.0.9"));
    manager.start(ORDER);
    assertThat(tunnel.starts)
        .containsExactly(
            StartRequest.newBuilder()
                .setTunnelFileDescriptor(7)
                .setCoderUrl("https://gateway.test")
                .setApiToken("pst_secret")
                .addHeaders(StartRequest.Header.newBuilder().setName("Door-Key").setValue("k"))
                .build());
    OsSettings first =
        new OsSettings(1280, List.of(), List.of(), List.of(), Optional.empty(), List.of());
    OsSettings second =
        new OsSettings(
            1280,
            List.of(new InterfaceAddress(IpAddress.parse("10.86.0.9"), 32)),
            List.of(),
            List.of(),
            Optional.empty(),
            List.of());
    assertThat(machine.applied).containsExactly(first, second);
    assertThat(heard.settings).containsExactly(first, second);
    assertThat(manager.settings()).isEqualTo(second);
    assertThatIllegalStateException().isThrownBy(() -> manager.start(ORDER));

    manager.stop();
    assertThat(ended()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    assertThat(machine.applied).as("it is its owner who puts it back").hasSize(2);
    assertThat(manager.settings()).isEqualTo(second);
  }

  @Test
  void what_the_machine_refuses_is_told_and_may_be_tried_again() throws Exception {
    tunnel.wanted = List.of(mtu(1280));
    machine.refusal = "no rights to change routes";
    assertThatThrownBy(() -> manager.start(ORDER))
        .isInstanceOf(IOException.class)
        .hasMessage("the tunnel did not start: refused: no rights to change routes");

    machine.refusal = "";
    manager.start(ORDER);
    assertThat(machine.applied).hasSize(1);
  }

  @Test
  void settings_that_make_no_sense_or_break_the_rules_never_reach_the_machine() throws Exception {
    for (NetworkSettingsRequest hostile :
        List.of(
            address("no address"),
            address("127.0.0.1"),
            mtu(1),
            route("0.0.0.0", "0.0.0.0"),
            route("10.86.0.0", "255.255.0.0"))) {
      tunnel.wanted = List.of(hostile);
      assertThatThrownBy(() -> manager.start(ORDER)).hasMessageContaining("refused: ");
    }
    assertThat(machine.applied).isEmpty();
  }

  @Test
  void nothing_is_applied_before_a_start() throws Exception {
    assertThat(tunnel.connection.opened().toCompletableFuture().get(60, TimeUnit.SECONDS))
        .isNotNull();
    assertThat(Tunnel.asked(tunnel.connection.networkSettings(mtu(1280), LIMIT)))
        .isEqualTo("the tunnel was not started");
    assertThat(machine.applied).isEmpty();
  }

  @Test
  void a_tunnel_that_is_gone_leaves_the_machine_to_the_next_one() throws Exception {
    tunnel.wanted = List.of(mtu(1280));
    manager.start(ORDER);
    tunnel.connection.close();
    assertThat(ended()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
    assertThat(machine.applied).hasSize(1);
    assertThatThrownBy(() -> manager.start(ORDER))
        .isInstanceOf(IOException.class)
        .hasMessage("the tunnel has ended its stream");
    manager.stop();
    assertThat(machine.applied).hasSize(1);
  }

  @Test
  void a_start_that_is_given_up_ends_the_stream_as_the_tunnel_may_start_all_the_same()
      throws Exception {
    tunnel.answers = false;
    Thread starter =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    manager.start(ORDER);
                  } catch (IOException | InterruptedException _) {
                    // Given up.
                  }
                });
    await().atMost(LIMIT).until(() -> !tunnel.starts.isEmpty());
    starter.interrupt();
    assertThat(starter.join(LIMIT)).isTrue();
    assertThat(ended()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
  }

  @Test
  void peers_are_what_was_told_and_a_question_corrects_them() throws Exception {
    manager.start(ORDER);
    PeerUpdate two =
        PeerUpdate.newBuilder()
            .addUpsertedWorkspaces(workspace(1))
            .addUpsertedWorkspaces(workspace(2))
            .addUpsertedAgents(agent(1))
            .build();
    tunnel.connection.peersChanged(two);
    await().atMost(LIMIT).until(() -> heard.changes.contains(two));
    assertThat(manager.peers()).isEqualTo(two);
    tunnel.all = PeerUpdate.newBuilder().addUpsertedWorkspaces(workspace(2)).build();
    assertThat(manager.askPeers()).isEqualTo(tunnel.all);
    assertThat(manager.peers()).isEqualTo(tunnel.all);

    Log log = Log.newBuilder().setMessage("hello").build();
    tunnel.connection.log(log);
    await().atMost(LIMIT).until(() -> heard.logs.contains(log));
  }

  @Test
  void a_tunnel_that_tells_of_more_peers_than_it_may_is_given_up() throws Exception {
    manager.start(ORDER);
    PeerUpdate.Builder many = PeerUpdate.newBuilder();
    for (int i = 0; i < 4; i++) {
      many.addUpsertedAgents(agent(i));
    }
    tunnel.connection.peersChanged(many.build());
    assertThat(ended()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
    assertThat(heard.changes).isEmpty();
  }

  @Test
  void a_tunnel_that_tells_too_much_of_one_peer_is_given_up() throws Exception {
    manager.start(ORDER);
    tunnel.connection.peersChanged(
        PeerUpdate.newBuilder()
            .addUpsertedWorkspaces(workspace(1).toBuilder().setName("w".repeat(5000)))
            .build());
    assertThat(ended()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
    assertThat(heard.changes).isEmpty();
  }
}
