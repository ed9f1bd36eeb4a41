package io.penstock.protocol.snaptun;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Whatever a peer sends on a control stream ends in a value, and in the same one for any split.
class SnapTunFuzzTest {

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_survived(byte[] input) {
    survive(input, input.length / 2);
  }

  @Test
  void random_bytes_are_survived() {
    Seeds.forEach(
        400,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] input = random.bytes(random.magnitude(1, 6000));
          survive(input, random.between(0, input.length));
        });
  }

  @Test
  void mutated_messages_are_survived() {
    List<byte[]> messages =
        List.of(
            latin(Texts.RENEW + Texts.TOKEN),
            latin(Texts.ASSIGN + Texts.TELL + Texts.TOKEN),
            concat(latin(Texts.ASSIGN + Texts.TOKEN), Texts.vector("assign-request-body")),
            Texts.vector("renewed-response"),
            concat(
                latin("HTTP/1.1 200 OK\r\nPenstock-Refused: 0 x\r\n\r\n"),
                Texts.vector("assign-request-body")));
    Seeds.forEach(
        1000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] input = random.oneOf(messages).clone();
          for (int i = random.between(0, 3); i > 0; i--) {
            input[random.between(0, input.length - 1)] ^= (byte) (1 << random.between(0, 7));
          }
          int length = random.percent(30) ? random.between(0, input.length) : input.length;
          survive(Arrays.copyOf(input, length), random.between(0, length));
        });
  }

  private static void survive(byte[] input, int cut) {
    var inOne = new ControlRequestReader();
    inOne.receive(Unpooled.wrappedBuffer(input.clone()));
    var inTwo = new ControlRequestReader();
    inTwo.receive(Unpooled.wrappedBuffer(input, 0, cut));
    inTwo.receive(Unpooled.wrappedBuffer(input, cut, input.length - cut));
    assertThat(inTwo.finish())
        .isEqualTo(inOne.finish())
        .isNotEqualTo(ControlRequestReader.Outcome.Incomplete.INCOMPLETE);
    for (var expected : ControlResponseReader.Expected.values()) {
      var responseInOne = new ControlResponseReader(expected);
      responseInOne.receive(Unpooled.wrappedBuffer(input.clone()));
      var responseInTwo = new ControlResponseReader(expected);
      responseInTwo.receive(Unpooled.wrappedBuffer(input, 0, cut));
      responseInTwo.receive(Unpooled.wrappedBuffer(input, cut, input.length - cut));
      assertThat(responseInTwo.finish())
          .isEqualTo(responseInOne.finish())
          .isNotEqualTo(ControlResponseReader.Outcome.Incomplete.INCOMPLETE);
    }
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] concat(byte[] head, byte[] body) {
    byte[] both = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, both, head.length, body.length);
    return both;
  }
}
