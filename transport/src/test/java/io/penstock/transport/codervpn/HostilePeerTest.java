package io.penstock.transport.codervpn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Peers over a real socket that break the rules, or off.
@Timeout(180)
class HostilePeerTest {

  private static final byte[] GET_PEER_UPDATE = {0, 0, 0, 6, 0x0a, 2, 8, 1, 0x12, 0};

  private final TestTunnel tunnelSide = new TestTunnel();

  private static SpeakerEnd end(TunnelConnection tunnel) throws Exception {
    return tunnel.closed().toCompletableFuture().get(60, SECONDS);
  }

  private static void send(SocketChannel raw, String text) throws IOException {
    send(raw, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void send(SocketChannel raw, byte[] bytes) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      raw.write(out);
    }
  }

  /// Reads until the other end has closed.
  private static String drain(SocketChannel raw) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(64 * 1024);
    while (in.hasRemaining() && raw.read(in) >= 0) {}
    return new String(in.array(), 0, in.position(), StandardCharsets.ISO_8859_1);
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
      try (SocketChannel raw = wires.connectRaw()) {
        send(raw, header.replace("\\n", "\n"));
        assertThat(drain(raw)).isEqualTo(answer.replace("\\n", "\n"));
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
      try (SocketChannel raw = wires.connectRaw()) {
        assertThat(drain(raw)).isEmpty();
      }
      assertThat(end(tunnel).code()).isEqualTo("header_timeout");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', peer_closed",
    "00, truncated",
    "00000006 0a02, truncated",
    "01000001, frame_too_large",
    "80000000, frame_too_large",
    "ffffffff, frame_too_large",
    "0000000a 00000000000000000000, corrupt_message",
  })
  void bytes_that_are_no_frames_end_the_stream(String hex, String code) throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var tunnel = new TunnelConnection(SpeakerConfig.tunnel().build(), tunnelSide);
      wires.listen(tunnel.handler());
      try (SocketChannel raw = wires.connectRaw()) {
        send(raw, "codervpn manager 1.3\n");
        ByteBuffer header = ByteBuffer.allocate("codervpn tunnel 1.3\n".length());
        while (header.hasRemaining() && raw.read(header) >= 0) {}
        assertThat(new String(header.array(), StandardCharsets.US_ASCII))
            .isEqualTo("codervpn tunnel 1.3\n");
        send(raw, HexFormat.of().parseHex(hex.replace(" ", "")));
        raw.shutdownOutput();
        assertThat(drain(raw)).isEmpty();
      }
      assertThat(end(tunnel).code()).isEqualTo(code);
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
      try (SocketChannel raw = wires.connectRaw()) {
        send(raw, "codervpn manager 1.3\n");
        var flood = new CompletableFuture<Void>();
        Thread.startVirtualThread(
            () -> {
              try {
                for (int i = 0; i < requests; i++) {
                  send(raw, GET_PEER_UPDATE);
                }
                raw.shutdownOutput();
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
        long counted = count(raw);
        assertThat(counted)
            .as("%d asked, ended by %s", tunnelSide.asked.size(), end(tunnel))
            .isEqualTo(header + (long) requests * answer);
        assertThat(flood).isCompleted();
        assertThat(end(tunnel)).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
      }
    }
  }

  private static long count(SocketChannel raw) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(64 * 1024);
    long all = 0;
    for (int length = raw.read(in); length >= 0; length = raw.read(in)) {
      all += length;
      in.clear();
    }
    return all;
  }
}
