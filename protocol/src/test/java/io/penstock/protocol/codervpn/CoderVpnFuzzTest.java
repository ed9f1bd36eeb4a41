package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.Message;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.testkit.GoldenVectors;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Whatever a peer sends as header, frames and messages ends in events, the same ones for any
/// split, and holds no more than was allowed.
class CoderVpnFuzzTest {

  private static final GoldenVectors VECTORS = GoldenVectors.read("/vectors/codervpn.txt");
  private static final int MAX_EVENTS = 1_000_000;

  /// The input as a whole stream, as frames behind a header, and as one message among others.
  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_survived(byte[] input) {
    survive(input, input.length / 2);
    byte[] length = Unpooled.copyInt(input.length).array();
    byte[] message = End.concat(length, input, VECTORS.bytes("stop-1"));
    for (String header : List.of("codervpn manager 1.3\n", "codervpn tunnel 1.3\n")) {
      int behind = header.length() + input.length / 2;
      survive(End.concat(End.latin(header), input), behind);
      survive(End.concat(End.latin(header), message), behind);
    }
  }

  @Test
  void random_bytes_are_survived() {
    Seeds.forEach(
        300,
        seed -> {
          var random = new SeededRandom(seed);
          byte[] input = random.bytes(random.magnitude(0, 3000));
          survive(input, random.between(0, input.length));
          any_bytes_are_survived(input);
        });
  }

  @Test
  void mutated_sessions_are_survived() {
    List<String> headers =
        List.of("codervpn manager 1.3\n", "codervpn 1.0 manager\n", "codervpn tunnel 1.0,2.1\n");
    Seeds.forEach(
        1000,
        seed -> {
          var random = new SeededRandom(seed);
          byte[] session = End.latin(random.oneOf(headers));
          for (int i = random.between(1, 6); i > 0; i--) {
            session = End.concat(session, VECTORS.bytes(random.oneOf(VECTORS.names())));
          }
          for (int i = random.between(0, 3); i > 0; i--) {
            session[random.between(0, session.length - 1)] ^= (byte) (1 << random.between(0, 7));
          }
          int length = random.percent(30) ? random.between(0, session.length) : session.length;
          survive(Arrays.copyOf(session, length), random.between(0, length));
        });
  }

  private static void survive(byte[] input, int cut) {
    int at = Math.min(cut, input.length);
    List<byte[]> whole = List.of(input);
    List<byte[]> halves =
        List.of(Arrays.copyOf(input, at), Arrays.copyOfRange(input, at, input.length));
    assertThat(tunnel(halves)).isEqualTo(tunnel(whole));
    assertThat(manager(halves)).isEqualTo(manager(whole));
  }

  private static List<String> tunnel(List<byte[]> pieces) {
    var config = SpeakerConfig.tunnel().maxFields(1000).build();
    var allocator = new UnpooledByteBufAllocator(false);
    return run(
        Speaker.tunnel(config, allocator, 0),
        pieces,
        TunnelMessage.getDefaultInstance(),
        allocator);
  }

  private static List<String> manager(List<byte[]> pieces) {
    var config = SpeakerConfig.manager().maxFields(1000).build();
    var allocator = new UnpooledByteBufAllocator(false);
    return run(
        Speaker.manager(config, allocator, 0),
        pieces,
        ManagerMessage.getDefaultInstance(),
        allocator);
  }

  /// Feeds the pieces, replies to everything, and returns all that was told.
  private static <S extends Message, R extends Message> List<String> run(
      Speaker<S, R> speaker, List<byte[]> pieces, S reply, UnpooledByteBufAllocator allocator) {
    List<String> told = new ArrayList<>();
    for (byte[] piece : pieces) {
      speaker.receive(Unpooled.wrappedBuffer(piece), 0);
    }
    drain(speaker, reply, told);
    speaker.connectionClosed(0);
    drain(speaker, reply, told);
    assertThat(speaker.isClosed()).isTrue();
    assertThat(told).hasSizeLessThan(MAX_EVENTS).last().asString().startsWith("Closed");
    assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
        .isZero();
    return told;
  }

  private static <S extends Message, R extends Message> void drain(
      Speaker<S, R> speaker, S reply, List<String> told) {
    for (SpeakerEvent<R> event = speaker.pollEvent(); event != null; event = speaker.pollEvent()) {
      told.add(event.toString());
      switch (event) {
        case SpeakerEvent.Request<R>(long ticket, _) -> speaker.reply(ticket, reply, 0);
        case SpeakerEvent.Notice<R>(long ticket, _) -> speaker.release(ticket, 0);
        default -> {}
      }
      for (var out = speaker.transmit(0); out != null; out = speaker.transmit(0)) {
        out.release();
      }
    }
  }
}
