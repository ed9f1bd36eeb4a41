package io.penstock.it.kcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import io.penstock.transport.kcp.KcpChannel;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// Bytes there and back between our KCP and the newest kcp-go.
class KcpInteropTest {

  private static final int BYTES = 200_000;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final LinkFaults LOSSY =
      LinkFaults.none(5).withLoss(0.05).withJitter(5).withDuplication(0.02);

  /// What each end has set; they need not agree.
  enum Knobs {
    BOTH_AS_KCP_GO,
    OURS_FAST_THEIRS_SLOW,
    BOTH_FAST,
    SMALL_DATAGRAMS;

    KcpConfig ours() {
      return switch (this) {
        case BOTH_AS_KCP_GO -> KcpConfig.kcpGoDefaults();
        case OURS_FAST_THEIRS_SLOW, BOTH_FAST -> KcpConfig.defaults();
        case SMALL_DATAGRAMS ->
            KcpConfig.builder().mtu(500).nc(true).sndWnd(128).rcvWnd(128).build();
      };
    }

    List<String> theirs() {
      return switch (this) {
        case BOTH_AS_KCP_GO, OURS_FAST_THEIRS_SLOW -> List.of();
        case BOTH_FAST ->
            List.of(
                "-nodelay",
                "1",
                "-interval",
                "10",
                "-resend",
                "2",
                "-nc",
                "1",
                "-sndwnd",
                "512",
                "-rcvwnd",
                "512",
                "-acknodelay");
        case SMALL_DATAGRAMS ->
            List.of("-nodelay", "1", "-interval", "20", "-resend", "2", "-mtu", "400", "-stream");
      };
    }
  }

  private final KcpEnds ends = new KcpEnds();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    ends.close();
  }

  @ParameterizedTest
  @EnumSource
  void our_client_gets_everything_back_from_their_echo(Knobs knobs) throws Exception {
    PeerProgram echo = peer(knobs, "-listen", "127.0.0.1:0");

    ends.sendAndVerify(ends.connect(listening(echo), knobs.ours()), BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void their_client_gets_everything_back_from_our_echo(Knobs knobs) throws Exception {
    Channel server = ends.listenEcho(knobs.ours());

    PeerProgram client = peer(knobs, "-dial", address(server), "-open", "3", "-size", "" + BYTES);

    verified(client, 3);
  }

  @ParameterizedTest
  @EnumSource
  void their_server_sends_to_our_echoing_client(Knobs knobs) throws Exception {
    PeerProgram server = peer(knobs, "-listen", "127.0.0.1:0", "-open", "1", "-size", "" + BYTES);

    ends.connectEcho(listening(server), knobs.ours());

    verified(server, 1);
  }

  @ParameterizedTest
  @EnumSource
  void our_server_sends_to_their_echoing_client(Knobs knobs) throws Exception {
    KcpEnds.Accepted accepted = ends.listenSending(knobs.ours(), BYTES);

    peer(knobs, "-dial", address(accepted.server()), "-echo");

    accepted.awaitEcho();
  }

  @ParameterizedTest
  @EnumSource
  void a_lossy_link_delays_their_client_and_breaks_nothing(Knobs knobs) throws Exception {
    Channel server = ends.listenEcho(knobs.ours());
    FaultyUdpRelay relay = relay((InetSocketAddress) server.localAddress());

    PeerProgram client =
        peer(knobs, "-dial", "127.0.0.1:" + relay.address().getPort(), "-size", "" + BYTES);

    verified(client, 1);
    assertThat(relay.dropped()).isPositive();
  }

  @ParameterizedTest
  @EnumSource
  void a_lossy_link_delays_our_client_and_breaks_nothing(Knobs knobs) throws Exception {
    PeerProgram echo = peer(knobs, "-listen", "127.0.0.1:0");
    FaultyUdpRelay relay = relay(listening(echo));

    ends.sendAndVerify(ends.connect(relay.address(), knobs.ours()), BYTES);
    assertThat(relay.dropped()).isPositive();
  }

  @Test
  void a_peer_that_is_killed_is_noticed() throws Exception {
    PeerProgram echo = peer(Knobs.BOTH_FAST, "-listen", "127.0.0.1:0");
    KcpConfig impatient = KcpConfig.builder().silenceMillis(1_000).build();
    KcpChannel client = (KcpChannel) ends.connect(listening(echo), impatient);
    ends.sendAndVerify(client, 1_000);

    echo.close();
    ends.write(client, 1_000);

    await().atMost(Duration.ofSeconds(10)).until(() -> !client.isOpen());
    assertThat(client.closeReason()).contains(KcpCloseReason.PEER_SILENT);
  }

  // ---- fixture ----

  private PeerProgram peer(Knobs knobs, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(knobs.theirs());
    PeerProgram peer = GoPeers.start("kcp-peer", all.toArray(String[]::new));
    opened.add(peer);
    return peer;
  }

  private FaultyUdpRelay relay(InetSocketAddress server) throws Exception {
    FaultyUdpRelay relay = FaultyUdpRelay.start(server, LOSSY, 1);
    opened.add(relay);
    return relay;
  }

  private static InetSocketAddress listening(PeerProgram peer) throws Exception {
    String address = peer.ready().get("listening").asString();
    int colon = address.lastIndexOf(':');
    return new InetSocketAddress(
        address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
  }

  private static String address(Channel server) {
    return "127.0.0.1:" + ((InetSocketAddress) server.localAddress()).getPort();
  }

  private static void verified(PeerProgram peer, int sessions) throws Exception {
    JsonNode line = peer.line(each -> each.has("ok") || each.has("error"), LIMIT);
    assertThat(line.has("ok")).as(line.toString()).isTrue();
    assertThat(line.get("ok").asInt()).as(line.toString()).isEqualTo(sessions);
    assertThat(line.get("failed").asInt()).as(line.toString()).isZero();
  }
}
