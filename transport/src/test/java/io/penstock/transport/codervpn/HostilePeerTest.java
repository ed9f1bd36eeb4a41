package io.penstock.transport.codervpn;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Log;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Peers over a real socket that break the rules, or off.
@Timeout(180)
class HostilePeerTest {

  private static final byte[] GET_PEER_UPDATE = {0, 0, 0, 6, 0x0a, 2, 8, 1, 0x12, 0};

  private final TestTunnel tunnelSide = new TestTunnel();

  private static SpeakerEnd end(TunnelConnection tunnel) throws Exception {
    return tunnel.closed().toCompletableFuture().get(60, SECONDS);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ssh manager 1.1\\n | header_preamble | ''",
        "codervpn tunnel 1.0\\n | header_role | ''",
        "codervpn manager 2.0\\n | header_no_common_version | codervpn tunnel 1.3\\n"
      })
  void a_header_that_is_refused_closes_the_connection(String header, String code, String answer)
      throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var tunnel = new TunnelConnection(SpeakerConfig.tunnel().build(), tunnelSide);
      wires.listen(tunnel.handler());
      try (RawPeer raw = wires.connectRaw()) {
        raw.send(header.replace("\\n", "\n"));
        assertThat(raw.drain()).isEqualTo(answer.replace("\\n", "\n"));
      }
      assertThat(end(tunnel).code()).isEqualTo(code);
    }
  }

  @Test
  void a_peer_that_says_nothing_is_given_up() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var config = SpeakerConfig.tunnel().headerTimeout(Duration.ofMillis(200)).build();
      var tunnel = new TunnelConnection(config, tunnelSide);
      wires.listen(tunnel.handler());
      try (RawPeer raw = wires.connectRaw()) {
        assertThat(raw.drain()).isEmpty();
      }
      assertThat(end(tunnel).code()).isEqualTo("header_timeout");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', peer_closed",
    "00, truncated",
    "00000006 0a02, truncated",
    "00000000, peer_closed",
    "01000001, frame_too_large",
    "80000000, frame_too_large",
    "ffffffff, frame_too_large",
    "0000000a 00000000000000000000, corrupt_message",
  })
  void bytes_that_are_no_frames_end_the_stream(String hex, String code) throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var tunnel = new TunnelConnection(SpeakerConfig.tunnel().build(), tunnelSide);
      wires.listen(tunnel.handler());
      try (RawPeer raw = wires.connectRaw()) {
        raw.send("codervpn manager 1.3\n");
        assertThat(new String(raw.read("codervpn tunnel 1.3\n".length()), US_ASCII))
            .isEqualTo("codervpn tunnel 1.3\n");
        raw.sendHex(hex);
        raw.finish();
        assertThat(raw.drain()).isEmpty();
      }
      assertThat(end(tunnel).code()).isEqualTo(code);
    }
  }

  /// Each sender waits for its last log before the next one.
  @ParameterizedTest
  @EnumSource(names = {"NATIVE", "NIO"})
  void a_peer_that_never_reads_is_sent_little_and_then_given_up(Wires.Kind kind) throws Exception {
    int logBytes = 16 * 1024;
    int maxOutputBytes = 4 * logBytes;
    try (var wires = new Wires(kind)) {
      var config =
          SpeakerConfig.tunnel()
              .maxOutputBytes(maxOutputBytes)
              .stallTimeout(Duration.ofSeconds(1))
              .build();
      var tunnel = new TunnelConnection(config, tunnelSide);
      wires.listen(tunnel.handler());
      try (RawPeer raw = wires.connectRaw()) {
        raw.send("codervpn manager 1.3\n");
        tunnel.opened().toCompletableFuture().get(60, SECONDS);
        Log log = Log.newBuilder().setMessage("x".repeat(logBytes)).build();
        int senders = 16;
        BlockingQueue<String> faults = new LinkedBlockingQueue<>();
        for (int i = 0; i < senders; i++) {
          Thread.startVirtualThread(() -> faults.add(sendUntilItFails(tunnel, log)));
        }
        assertThat(end(tunnel)).isEqualTo(new SpeakerEnd.PeerStalled(1));

        Map<String, Integer> outcomes = new TreeMap<>();
        for (int i = 0; i < senders; i++) {
          outcomes.merge(requireNonNull(faults.poll(60, SECONDS)), 1, Integer::sum);
        }
        // So much waited for the connection, as much was on its way there, and the rest was
        // refused.
        assertThat(outcomes).containsOnlyKeys("output_full", "stream_ended");
        assertThat(outcomes.get("stream_ended")).isBetween(1, 2 * maxOutputBytes / logBytes);
        // The buffers of the system and of the connection, and nothing that had piled up.
        assertThat(raw.count()).isBetween(1L, 2L * 1024 * 1024);
      }
    }
  }

  private static String sendUntilItFails(TunnelConnection tunnel, Log log) {
    try {
      while (true) {
        Void _ = Calls.await(tunnel.log(log));
      }
    } catch (CallFailedException e) {
      return e.fault().code();
    } catch (IOException | InterruptedException e) {
      return e.toString();
    }
  }

  @Test
  void a_flood_of_requests_is_stopped_by_the_socket_and_answered_when_the_peer_reads()
      throws Exception {
    int requests = 200_000;
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var config =
          SpeakerConfig.tunnel().maxOutputBytes(8 * 1024).maxWaitingBytes(8 * 1024).build();
      var tunnel = new TunnelConnection(config, tunnelSide);
      wires.listen(tunnel.handler());
      try (RawPeer raw = wires.connectRaw()) {
        raw.send("codervpn manager 1.3\n");
        var flood = new CompletableFuture<Void>();
        Thread.startVirtualThread(
            () -> {
              try {
                for (int i = 0; i < requests; i++) {
                  raw.send(GET_PEER_UPDATE);
                }
                raw.finish();
                flood.complete(null);
              } catch (IOException e) {
                flood.completeExceptionally(e);
              }
            });
        // Both directions are full, so nothing moves, and nothing more is taken in.
        var before = new AtomicInteger(-1);
        Awaitility.await()
            .atMost(Duration.ofSeconds(60))
            .pollInterval(Duration.ofMillis(500))
            .until(() -> before.getAndSet(tunnelSide.asked.size()) == tunnelSide.asked.size());
        assertThat(flood).isNotDone();
        assertThat(tunnelSide.asked).hasSizeLessThan(requests / 2);

        int header = "codervpn tunnel 1.3\n".length();
        int answer = 4 + 4 + 2 + TestTunnel.PEERS.getSerializedSize();
        long counted = raw.count();
        assertThat(counted)
            .as("%d asked, ended by %s", tunnelSide.asked.size(), end(tunnel))
            .isEqualTo(header + (long) requests * answer);
        assertThat(flood).isCompleted();
        assertThat(end(tunnel)).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
      }
    }
  }
}
