package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadResult;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.RequestTarget;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a visitor sends is read as the same requests in whatever pieces it comes, and each of them
/// is rewritten as one well-formed head with one framing.
class RequestFuzzTest {

  private static final Pattern FIELD = Pattern.compile("[!-9;-~]+:[\\t -~\\x80-\\xff]*");
  private static final Visitor VISITOR = new Visitor("192.0.2.1", "192.0.2.1", "http", false);

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_read_alike_in_any_pieces(byte[] input) {
    List<String> whole = read(input, Math.max(1, input.length));

    assertThat(read(input, 1)).isEqualTo(whole);
    assertThat(read(input, 7)).isEqualTo(whole);
  }

  /// The rewritten heads, the bodies, and the fault that ended it, if one did.
  private static List<String> read(byte[] input, int pieceBytes) {
    List<String> seen = new ArrayList<>();
    HeadReader heads =
        new HeadReader(HeadReader.Kind.REQUEST, new HeadReader.Limits(4096, 50, 1024));
    BodyRelay body = BodyRelay.none();
    StringBuilder payload = new StringBuilder();
    for (int at = 0; at < input.length; at += pieceBytes) {
      ByteBuf in = Unpooled.copiedBuffer(input, at, Math.min(pieceBytes, input.length - at));
      while (in != null && in.isReadable()) {
        if (!body.isDone()) {
          in = body.accept(in, each -> take(each, payload));
          if (body.isFaulty()) {
            release(in);
            seen.add("faulty body after " + body.payloadBytes());
            return seen;
          }
          continue;
        }
        switch (heads.read(in)) {
          case HeadResult.Complete(HttpHead head) -> {
            seen.add(payload.toString());
            payload.setLength(0);
            HttpExchange.Request asked = HttpExchange.Request.of(head);
            RequestTarget target = RequestTarget.of(head);
            body = asked.body();
            if (target == null) {
              in.release();
              seen.add("bad target");
              return seen;
            }
            seen.add(rewritten(head, target, asked));
          }
          case HeadResult.Fault fault -> {
            in.release();
            seen.add(fault.toString());
            return seen;
          }
          case HeadResult.Incomplete _ -> {}
        }
      }
      release(in);
    }
    seen.add(payload.toString());
    return seen;
  }

  private static void take(ByteBuf piece, StringBuilder payload) {
    payload.append(piece.toString(StandardCharsets.ISO_8859_1));
    piece.release();
  }

  private static void release(@Nullable ByteBuf in) {
    if (in != null) {
      in.release();
    }
  }

  private static String rewritten(HttpHead head, RequestTarget target, HttpExchange.Request asked) {
    ByteBuf out =
        RequestHeadWriter.write(
            UnpooledByteBufAllocator.DEFAULT,
            head,
            target,
            VISITOR,
            new RequestHeadWriter.Asked("id", asked));
    String text = out.toString(StandardCharsets.ISO_8859_1);
    out.release();
    assertThat(text).endsWith("\r\n\r\n");
    String[] lines = text.split("\r\n", -1);
    assertThat(lines[0]).matches("[!-~]+ (/[!-~\\x80-\\xff]*|\\*) HTTP/1\\.1");
    int framings = 0;
    for (int i = 1; i < lines.length - 2; i++) {
      assertThat(lines[i]).matches(FIELD);
      String name = lines[i].substring(0, lines[i].indexOf(':')).toLowerCase(Locale.ROOT);
      framings += name.equals("content-length") || name.equals("transfer-encoding") ? 1 : 0;
    }
    assertThat(framings).isLessThanOrEqualTo(1);
    return text;
  }
}
