package io.penstock.transport.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.transport.relay.HeadResult.Fault;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The grammar itself is told by the table of the gateway's request-smuggling test; this is about
/// how a head is gathered, bounded, and written on.
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class HeadReaderTest {

  private static final HeadReader.Limits LIMITS = new HeadReader.Limits(4096, 50, 1000);
  private static final String HEAD =
      "GET /a?b HTTP/1.1\r\nHost: x.test\r\nCookie:  a=b \r\nEmpty:\r\n\r\n";

  private static HeadReader requests() {
    return new HeadReader(HeadReader.Kind.REQUEST, LIMITS);
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  private static String fieldsOf(HttpHead head) {
    ByteBuf out = Unpooled.buffer();
    head.writeFields(out);
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  private static HttpHead parsed(HeadReader reader, String text) {
    HeadResult result = reader.read(bytes(text));
    assertThat(result).isInstanceOf(HeadResult.Complete.class);
    return ((HeadResult.Complete) result).head();
  }

  @Test
  void aHeadIsReadUpToItsEndAndNotFurther() {
    HeadReader reader = requests();
    ByteBuf in = bytes(HEAD + "body");

    assertThat(reader.read(in)).isInstanceOf(HeadResult.Complete.class);
    assertThat(in.toString(StandardCharsets.ISO_8859_1)).isEqualTo("body");
  }

  @Test
  void anySplitOfTheInputGivesTheSameHead() {
    Random random = new Random(42);
    for (int round = 0; round < 500; round++) {
      HeadReader reader = requests();
      ByteBuf all = bytes("\r\n" + HEAD + HEAD + "rest");
      int heads = 0;
      while (heads < 2) {
        ByteBuf piece = all.readSlice(Math.min(all.readableBytes(), 1 + random.nextInt(20)));
        while (piece.isReadable() && heads < 2) {
          if (reader.read(piece) instanceof HeadResult.Complete(HttpHead head)) {
            heads++;
            assertThat(head.method()).isEqualTo("GET");
            assertThat(head.target()).isEqualTo("/a?b");
            assertThat(head.value(KnownField.HOST)).isEqualTo("x.test");
            assertThat(fieldsOf(head)).isEqualTo("Host: x.test\r\nCookie:  a=b \r\nEmpty:\r\n");
          }
        }
      }
    }
  }

  @Test
  void isEmptyUntilTheFirstByteOfAHead() {
    HeadReader reader = requests();

    assertThat(reader.isEmpty()).isTrue();
    reader.read(bytes("G"));
    assertThat(reader.isEmpty()).isFalse();
    reader.read(bytes(HEAD.substring(1)));
    assertThat(reader.isEmpty()).isTrue();
  }

  @Test
  void aHeadOfExactlyTheLimitIsReadAndALongerOneIsNot() {
    String start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
    String fits = start + "b".repeat(LIMITS.maxBytes() - start.length() - 4) + "\r\n\r\n";

    assertThat(requests().read(bytes(fits))).isInstanceOf(HeadResult.Complete.class);
    assertThat(requests().read(bytes(start + "bb" + fits.substring(start.length()))))
        .isEqualTo(Fault.TOO_LARGE);
  }

  @Test
  void anEndlessRequestLineIsTooLongATarget() {
    assertThat(requests().read(bytes("GET /" + "a".repeat(5000)))).isEqualTo(Fault.TARGET_TOO_LONG);
    assertThat(requests().read(bytes("GET /" + "a".repeat(1000) + " HTTP/1.1\r\nHost: x\r\n\r\n")))
        .isEqualTo(Fault.TARGET_TOO_LONG);
  }

  @Test
  void tooManyFieldsAreRefused() {
    assertThat(
            requests()
                .read(bytes("GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n".repeat(50) + "\r\n")))
        .isEqualTo(Fault.TOO_MANY_FIELDS);
  }

  @Test
  void emptyLinesBeforeARequestAreSkippedButNotForEver() {
    assertThat(requests().read(bytes("\r\n\r\n" + HEAD))).isInstanceOf(HeadResult.Complete.class);
    assertThat(requests().read(bytes("\r\n".repeat(10) + HEAD))).isEqualTo(Fault.BAD_START_LINE);
  }

  @Test
  void aBareLineFeedIsRefusedBeforeTheHeadHasEnded() {
    assertThat(requests().read(bytes("GET / HTTP/1.1\n"))).isEqualTo(Fault.BARE_LF);
  }

  @Test
  void aReaderThatWasResetForgetsThePartOfAHead() {
    HeadReader reader = requests();
    reader.read(bytes("GET / HTT"));
    reader.reset();

    assertThat(parsed(reader, HEAD).target()).isEqualTo("/a?b");
  }

  @Test
  void fieldsThatWereDroppedAreNotWritten() {
    HttpHead head =
        parsed(
            requests(),
            "GET / HTTP/1.1\r\n"
                + "A: 1\r\n"
                + "Host: x\r\n"
                + "B: 2\r\n"
                + "Connection: c , D\r\n"
                + "c: 3\r\n"
                + "d: 4\r\n"
                + "E: 5\r\n\r\n");
    head.dropHopByHop();
    head.drop(KnownField.HOST);

    assertThat(fieldsOf(head)).isEqualTo("A: 1\r\nB: 2\r\nE: 5\r\n");
    assertThat(head.has(KnownField.HOST)).isFalse();
  }

  @Test
  void wordsOfAListAreFoundInAnyCaseAndField() {
    HttpHead head =
        parsed(
            requests(),
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: a, Upgrade\r\nConnection:close\r\n\r\n");

    assertThat(head.hasWord(KnownField.CONNECTION, "upgrade")).isTrue();
    assertThat(head.hasWord(KnownField.CONNECTION, "CLOSE")).isTrue();
    assertThat(head.hasWord(KnownField.CONNECTION, "clos")).isFalse();
  }

  @Test
  void theStatusLineOfAResponseIsWrittenInOurVersion() {
    HeadReader reader = new HeadReader(HeadReader.Kind.RESPONSE, LIMITS);
    HttpHead head = parsed(reader, "HTTP/1.0 404 Not here\r\n\r\n");
    ByteBuf out = Unpooled.buffer();
    head.writeStatusLine(out);

    assertThat(head.status()).isEqualTo(404);
    assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 404 Not here\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200 \344\r\n\r\n"})
  void aReasonPhraseMayBeAnything(String text) {
    assertThat(parsed(new HeadReader(HeadReader.Kind.RESPONSE, LIMITS), text).status())
        .isEqualTo(200);
  }

  @Test
  void randomBytesGiveAHeadOrAFaultAndNothingElse() {
    Random random = new Random(7);
    String alphabet = "GET /HTP1.0:\r\n \tChunkedongth,;aA5\0\377";
    for (int round = 0; round < 20_000; round++) {
      HeadReader reader =
          new HeadReader(
              round % 2 == 0 ? HeadReader.Kind.REQUEST : HeadReader.Kind.RESPONSE, LIMITS);
      StringBuilder text = new StringBuilder(round % 4 == 0 ? HEAD : "HTTP/1.1 200 OK\r\nA: b\r\n");
      for (int i = 0; i < 1 + random.nextInt(8); i++) {
        text.setCharAt(
            random.nextInt(text.length()), alphabet.charAt(random.nextInt(alphabet.length())));
      }
      ByteBuf in = bytes(text.append("\r\n\r\n").toString());
      assertThat(reader.read(in)).isNotNull();
    }
  }
}
