package io.penstock.transport.codervpn;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandler;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.StartRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Peers over a real socket that hang up after each of their bytes.
@Timeout(180)
class HangUpTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final String MANAGER_HEADER = "codervpn manager 1.3\n";
  private static final String TUNNEL_HEADER = "codervpn tunnel 1.3\n";

  /// A start, a question for the peers and a stop, with the ids 1, 2 and 3.
  private static final byte[][] REQUESTS = {
    frame("00000006 0a020801 2200"),
    frame("00000006 0a020802 1200"),
    frame("00000006 0a020803 2a00")
  };

  /// What [TestTunnel] replies to them.
  private static final byte[][] REPLIES = {
    frame("00000008 0a021001 2a020801"),
    frame("0000000b 0a021002 1a050a03120177"),
    frame("00000008 0a021003 32020801")
  };

  private static byte[] frame(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  /// The header and the frames behind it, cut off.
  private static byte[] cut(String header, byte[][] frames, int length) {
    StringBuilder all = new StringBuilder(header);
    for (byte[] frame : frames) {
      all.append(new String(frame, ISO_8859_1));
    }
    return all.substring(0, length).getBytes(ISO_8859_1);
  }

  private static int length(String header, byte[][] frames, int count) {
    int length = header.length();
    for (int i = 0; i < count; i++) {
      length += frames[i].length;
    }
    return length;
  }

  /// How many frames are whole in so many bytes.
  private static int whole(String header, byte[][] frames, int length) {
    int count = 0;
    while (count < frames.length && length(header, frames, count + 1) <= length) {
      count++;
    }
    return count;
  }

  private static String code(String header, byte[][] frames, int length) {
    if (length < header.length()) {
      return "header_ended";
    }
    int whole = whole(header, frames, length);
    if (whole == frames.length) {
      return "stopped";
    }
    return length == length(header, frames, whole) ? "peer_closed" : "truncated";
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(60, SECONDS);
  }

  /// What was whole is answered, also to a peer that has only closed its own direction.
  @Test
  void a_manager_may_close_its_direction_after_any_byte() throws Exception {
    BlockingQueue<TunnelConnection> tunnels = new LinkedBlockingQueue<>();
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      wires.listen(() -> tunnel(tunnels));
      int all = length(MANAGER_HEADER, REQUESTS, REQUESTS.length);
      for (int length = 0; length <= all; length++) {
        String expected =
            length < MANAGER_HEADER.length()
                ? ""
                : new String(
                    cut(
                        TUNNEL_HEADER,
                        REPLIES,
                        length(TUNNEL_HEADER, REPLIES, whole(MANAGER_HEADER, REQUESTS, length))),
                    ISO_8859_1);
        String code = code(MANAGER_HEADER, REQUESTS, length);
        try (RawPeer manager = wires.connectRaw()) {
          manager.send(cut(MANAGER_HEADER, REQUESTS, length));
          manager.finish();
          assertThat(manager.drain())
              .as("after %d bytes", length)
              // What was asked before half a frame is lost with it, if it was not answered yet.
              .matches(
                  said ->
                      code.equals("truncated") ? expected.startsWith(said) : said.equals(expected));
        }
        SpeakerEnd end = get(tunnels.take().closed());
        assertThat(end.code()).as("after %d bytes", length).isEqualTo(code);
      }
    }
  }

  @Test
  void a_manager_may_hang_up_after_any_byte() throws Exception {
    BlockingQueue<TunnelConnection> tunnels = new LinkedBlockingQueue<>();
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      wires.listen(() -> tunnel(tunnels));
      int all = length(MANAGER_HEADER, REQUESTS, REQUESTS.length);
      for (int length = 0; length <= all; length++) {
        try (RawPeer manager = wires.connectRaw()) {
          manager.send(cut(MANAGER_HEADER, REQUESTS, length));
        }
        SpeakerEnd end = get(tunnels.take().closed());
        // It may be gone before its stop is answered, and what is written to it may fail first.
        assertThat(end.code())
            .as("after %d bytes", length)
            .isIn(
                code(MANAGER_HEADER, REQUESTS, length),
                length == all ? "peer_closed" : "connection_failed",
                "connection_failed");
      }
    }
  }

  private static ChannelHandler tunnel(BlockingQueue<TunnelConnection> tunnels) {
    var tunnel = new TunnelConnection(SpeakerConfig.tunnel().build(), new TestTunnel());
    tunnels.add(tunnel);
    return tunnel.handler();
  }

  /// Each call ends once: with its reply if that was whole, else with the stream.
  @Test
  void a_tunnel_may_hang_up_after_any_byte() throws Exception {
    BlockingQueue<ManagerConnection> managers = new LinkedBlockingQueue<>();
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      wires.listen(() -> manager(managers));
      int all = length(TUNNEL_HEADER, REPLIES, REPLIES.length);
      for (int length = 0; length <= all; length++) {
        byte[] bytes = cut(TUNNEL_HEADER, REPLIES, length);
        try (RawPeer tunnel = wires.connectRaw()) {
          ManagerConnection manager = managers.take();
          int header = Math.min(length, TUNNEL_HEADER.length());
          tunnel.send(Arrays.copyOf(bytes, header));
          if (header < TUNNEL_HEADER.length()) {
            tunnel.finish();
            assertThat(get(manager.closed()).code()).isEqualTo("header_ended");
            continue;
          }
          get(manager.opened());
          var calls =
              new CompletableFuture<?>[] {
                manager.start(StartRequest.getDefaultInstance(), LIMIT),
                manager.peers(LIMIT),
                manager.stop(LIMIT)
              };
          byte[] asked = tunnel.read(length(MANAGER_HEADER, REQUESTS, REQUESTS.length));
          assertThat(asked).isEqualTo(cut(MANAGER_HEADER, REQUESTS, asked.length));
          tunnel.send(Arrays.copyOfRange(bytes, header, length));
          tunnel.hangUp();

          assertThat(get(manager.closed()).code())
              .as("after %d bytes", length)
              .isEqualTo(code(TUNNEL_HEADER, REPLIES, length));
          int replied = whole(TUNNEL_HEADER, REPLIES, length);
          for (int i = 0; i < calls.length; i++) {
            String outcome = get(calls[i].handle((_, e) -> e == null ? "replied" : "failed"));
            assertThat(outcome)
                .as("call %d after %d bytes", i, length)
                .isEqualTo(i < replied ? "replied" : "failed");
          }
        }
      }
    }
  }

  private static ChannelHandler manager(BlockingQueue<ManagerConnection> managers) {
    var config = SpeakerConfig.manager().header(HeaderChoice.CURRENT).build();
    var manager = new ManagerConnection(config, new TestManager());
    managers.add(manager);
    return manager.handler();
  }
}
