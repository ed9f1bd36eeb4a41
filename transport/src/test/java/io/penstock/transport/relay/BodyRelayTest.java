package io.penstock.transport.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyRelayTest {

  private static final String CHUNKS = "3\r\nabc\r\n00a;x=\"y\"\r\n0123456789\r\n0\r\n";

  private final StringBuilder out = new StringBuilder();
  private final BodyRelay.Output collect =
      bytes -> {
        out.append(bytes.toString(StandardCharsets.ISO_8859_1));
        bytes.release();
      };

  private static ByteBuf bytes(String text) {
    return PooledByteBufAllocator.DEFAULT
        .buffer()
        .writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /// Feeds the text in pieces and returns what came back behind the end of the body.
  private String feed(BodyRelay body, String text, Random random) {
    StringBuilder behind = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      int to = Math.min(text.length(), at + 1 + random.nextInt(9));
      ByteBuf rest = body.accept(bytes(text.substring(at, to)), collect);
      if (rest != null) {
        behind.append(rest.toString(StandardCharsets.ISO_8859_1));
        rest.release();
      }
      at = to;
    }
    return behind.toString();
  }

  private void anySplit(Supplier<BodyRelay> body, String in, String expected) {
    Random random = new Random(3);
    for (int round = 0; round < 300; round++) {
      out.setLength(0);
      BodyRelay relay = body.get();
      assertThat(feed(relay, in + "NEXT", random)).isEqualTo("NEXT");
      assertThat(out).hasToString(expected);
      assertThat(relay.isDone()).isTrue();
    }
  }

  @Test
  void aBodyWithALengthEndsAfterIt() {
    anySplit(() -> BodyRelay.ofLength(10), "0123456789", "0123456789");
  }

  @Test
  void aChunkedBodyPassesAsItCame() {
    anySplit(() -> BodyRelay.ofChunks(BodyRelay.Target.SAME), CHUNKS + "\r\n", CHUNKS + "\r\n");
  }

  @Test
  void trailersPassUnlessTheyMayNotStandThere() {
    anySplit(
        () -> BodyRelay.ofChunks(BodyRelay.Target.SAME),
        CHUNKS + "A: b\r\nContent-Length: 3\r\nTE: x\r\nc: d\r\n\r\n",
        CHUNKS + "A: b\r\nc: d\r\n\r\n");
  }

  @Test
  void aChunkedBodyCanBePassedOnWithoutChunks() {
    anySplit(
        () -> BodyRelay.ofChunks(BodyRelay.Target.PLAIN), CHUNKS + "A: b\r\n\r\n", "abc0123456789");
  }

  @Test
  void aWholeChunkedBodyInOneBufferPassesInThatBuffer() {
    BodyRelay body = BodyRelay.ofChunks(BodyRelay.Target.SAME);
    ByteBuf in = bytes(CHUNKS + "\r\n");

    assertThat(body.accept(in, passed -> assertThat(passed).isSameAs(in))).isNull();
    assertThat(body.payloadBytes()).isEqualTo(13);
    assertThat(in.refCnt()).isEqualTo(1);
    in.release();
  }

  @Test
  void aBodyWithoutFramingGetsChunksAndEndsWithItsSender() {
    BodyRelay body = BodyRelay.untilEnd(BodyRelay.Target.CHUNKS);
    assertThat(body.accept(bytes("hello, world"), collect)).isNull();
    assertThat(body.accept(bytes(""), collect)).isNull();
    assertThat(body.isDone()).isFalse();
    assertThat(body.sourceEnded(collect, PooledByteBufAllocator.DEFAULT)).isTrue();

    assertThat(out).hasToString("c\r\nhello, world\r\n0\r\n\r\n");
  }

  @Test
  void theEndOfTheSenderInsideTheFramingIsNoEndOfTheBody() {
    BodyRelay length = BodyRelay.ofLength(5);
    BodyRelay chunks = BodyRelay.ofChunks(BodyRelay.Target.SAME);
    ReferenceCountUtil.release(length.accept(bytes("abcd"), collect));
    ReferenceCountUtil.release(chunks.accept(bytes("4\r\nabcd\r\n0\r\n"), collect));

    assertThat(length.sourceEnded(collect, PooledByteBufAllocator.DEFAULT)).isFalse();
    assertThat(chunks.sourceEnded(collect, PooledByteBufAllocator.DEFAULT)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x\r\n",
        "\r\n",
        "-1\r\n",
        "0x1\r\n",
        " 1\r\n",
        "1 \r\n",
        "1\n",
        "1\ra",
        "1;a\n",
        "1;a\rb",
        "1000000000000000\r\n",
        "1\r\nab",
        "1\r\na\n",
        "1\r\na\r\r",
        "0\r\n\n",
        "0\r\n: a\r\n\r\n",
        "0\r\na\r\n\r\n",
        "0\r\n a: b\r\n\r\n",
        "0\r\na: b\n",
        "0\r\n\ra",
        "0\r\na: \0\r\n\r\n"
      })
  void malformedChunksAreAFaultForAnySplit(String text) {
    Random random = new Random(5);
    for (int round = 0; round < 50; round++) {
      BodyRelay body = BodyRelay.ofChunks(BodyRelay.Target.SAME);
      feed(body, text + "\r\n\r\n", random);
      assertThat(body.isFaulty()).isTrue();
      assertThat(body.isDone()).isFalse();
    }
  }

  @Test
  void extensionsAndTrailersAreBounded() {
    BodyRelay one = BodyRelay.ofChunks(BodyRelay.Target.SAME);
    feed(one, "1;" + "a".repeat(300) + "\r\n", new Random(1));
    assertThat(one.isFaulty()).isTrue();

    BodyRelay many = BodyRelay.ofChunks(BodyRelay.Target.SAME);
    feed(many, ("1;" + "a".repeat(200) + "\r\nb\r\n").repeat(100), new Random(1));
    assertThat(many.isFaulty()).isTrue();

    BodyRelay trailers = BodyRelay.ofChunks(BodyRelay.Target.SAME);
    feed(trailers, "0\r\n" + "A: b\r\n".repeat(5000), new Random(1));
    assertThat(trailers.isFaulty()).isTrue();
  }
}
