package io.penstock.protocol.snaptun;

import static io.penstock.protocol.snaptun.Texts.ASSIGN;
import static io.penstock.protocol.snaptun.Texts.RENEW;
import static io.penstock.protocol.snaptun.Texts.TOKEN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Requests on the wire, from both ends.
class ControlRequestTest {

  private static final ControlRequest RENEWAL = new ControlRequest.SessionRenewal("secret");

  @Test
  void a_renewal_is_written_as_the_originals_client_writes_it() {
    assertThat(Texts.text(encode(RENEWAL)))
        .isEqualTo(
            """
            POST /connectrpc.v1.snaptun/renew_session HTTP/1.1\r
            content-type: application/proto\r
            connect-protocol-version: 1\r
            content-encoding: identity\r
            accept-encoding: identity\r
            content-length: 0\r
            Authorization: Bearer secret\r
            \r
            """);
  }

  @Test
  void an_assignment_is_written_as_the_originals_client_writes_it() {
    byte[] body = Texts.vector("assign-request-body");
    String head =
        """
        POST /connectrpc.v1.snaptun/assign_addresses HTTP/1.1\r
        content-type: application/proto\r
        connect-protocol-version: 1\r
        content-encoding: identity\r
        accept-encoding: identity\r
        content-length: %d\r
        Authorization: Bearer secret\r
        \r
        """
            .formatted(body.length);
    assertThat(Texts.text(encode(assignment(Texts.V4))))
        .isEqualTo(head + new String(body, StandardCharsets.ISO_8859_1));
  }

  @Test
  void a_client_of_ours_says_in_its_last_header_that_it_understands_refusals() {
    String text = Texts.text(encode(ours(Texts.V4)));
    assertThat(text)
        .contains("Authorization: Bearer secret\r\nPenstock-Tell: refused\r\n\r\n")
        .isEqualTo(
            Texts.text(encode(assignment(Texts.V4)))
                .replace("secret\r\n", "secret\r\nPenstock-Tell: refused\r\n"));
  }

  @Test
  void only_the_very_header_says_that_refusals_are_understood() {
    for (String header :
        List.of("penstock-tell: refused", "Penstock-Tell: all", "Penstock-Tell:")) {
      assertThat(Texts.readRequest(Texts.bytes(ASSIGN + header + "\r\n" + TOKEN)))
          .isEqualTo(new ControlRequestReader.Outcome.Whole(assignment()));
    }
    assertThat(Texts.readRequest(Texts.bytes(ASSIGN + "Penstock-Tell:refused\r\n" + TOKEN)))
        .isEqualTo(new ControlRequestReader.Outcome.Whole(ours()));
  }

  @Test
  void a_token_that_would_break_the_head_cannot_be_sent() {
    for (String token : List.of("", "a b", "a\r\nX: y", "ä", "x".repeat(2049))) {
      assertThat(ControlRequest.isSendable(token)).isFalse();
      assertThatThrownBy(() -> encode(new ControlRequest.SessionRenewal(token)))
          .isInstanceOf(IllegalStateException.class);
    }
    assertThat(ControlRequest.isSendable("x".repeat(2048))).isTrue();
  }

  @Test
  void a_token_is_in_no_text_of_a_request() {
    assertThat(RENEWAL.toString()).doesNotContain("secret");
    assertThat(assignment(Texts.V4).toString()).doesNotContain("secret");
    assertThat(new ServerAction.Validate(1, "secret", true).toString()).doesNotContain("secret");
  }

  @Test
  void what_is_written_is_read_for_any_split() {
    List<ControlRequest> requests =
        List.of(RENEWAL, assignment(), assignment(Texts.V4), ours(Texts.V6, Texts.V4));
    Seeds.forEach(
        300,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          ControlRequest request = random.oneOf(requests);
          var reader = new ControlRequestReader();
          random.split(encode(request)).forEach(reader::receive);
          assertThat(reader.finish()).isEqualTo(new ControlRequestReader.Outcome.Whole(request));
        });
  }

  @Test
  void a_renewal_is_whole_with_its_head_and_what_follows_does_not_count() {
    var reader = new ControlRequestReader();
    assertThat(reader.receive(Texts.bytes(RENEW + TOKEN)))
        .isEqualTo(new ControlRequestReader.Outcome.Whole(RENEWAL));
    assertThat(reader.receive(Texts.bytes("more".repeat(2000))))
        .isEqualTo(new ControlRequestReader.Outcome.Whole(RENEWAL));
  }

  @Test
  void an_assignment_is_whole_with_the_fin_whatever_content_length_says() {
    var reader = new ControlRequestReader();
    assertThat(
            reader.receive(
                Texts.bytes(
                    ASSIGN + "content-length: 3\r\n" + TOKEN, Texts.vector("assign-request-body"))))
        .isEqualTo(ControlRequestReader.Outcome.Incomplete.INCOMPLETE);
    assertThat(reader.finish())
        .isEqualTo(
            new ControlRequestReader.Outcome.Whole(
                new ControlRequest.AddressAssignment("secret", List.of(Texts.V4), false)));
  }

  @Test
  void what_the_originals_parser_takes_is_taken() {
    for (String text :
        List.of(
            "\r\n\n" + RENEW + TOKEN,
            "POST /connectrpc.v1.snaptun/renew_session HTTP/1.0\nAuthorization:Bearer secret\n\n",
            RENEW + "Authorization: \t Bearer secret \t\r\n\r\n",
            RENEW + "x:\r\n" + TOKEN,
            RENEW + "x: \u00e4\tb\r\n" + TOKEN,
            RENEW + "a: b\r\n".repeat(15) + TOKEN,
            RENEW + "Authorization: Bearer secret\r\nAuthorization: Bearer other\r\n\r\n")) {
      assertThat(Texts.readRequest(Texts.bytes(text)))
          .isEqualTo(new ControlRequestReader.Outcome.Whole(RENEWAL));
    }
  }

  @Test
  void faults_are_told_in_the_originals_order() {
    assertFault(
        RequestFault.INVALID_METHOD, "GET /nowhere HTTP/1.1\r\nAuthorization: Basic x\r\n\r\n");
    assertFault(RequestFault.INVALID_PATH, "POST /nowhere HTTP/1.1\r\n\r\n");
    assertFault(
        RequestFault.INVALID_PATH, "POST /connectrpc.v1.snaptun/renew_session/ HTTP/1.1\r\n\r\n");
    assertFault(RequestFault.NO_AUTHORIZATION, RENEW + "\r\n");
    assertFault(RequestFault.NO_AUTHORIZATION, RENEW + "authorization: Bearer secret\r\n\r\n");
    assertFault(RequestFault.NO_BEARER, RENEW + "Authorization: bearer secret\r\n\r\n");
    assertFault(RequestFault.NO_BEARER, RENEW + "Authorization: Bearer \r\n\r\n");
    assertFault(RequestFault.NO_BEARER, RENEW + "Authorization: Basic x\r\n" + TOKEN);
    assertFault(RequestFault.NO_AUTHORIZATION, ASSIGN + "\r\n");
    assertFault(RequestFault.MALFORMED_BODY, ASSIGN + TOKEN + "\n\u0012");
  }

  @Test
  void a_head_that_is_none_is_not_told_before_the_fin() {
    for (String text :
        List.of(
            "",
            RENEW,
            RENEW + "Authorization: Bearer secret\r\n",
            "POST  /connectrpc.v1.snaptun/renew_session HTTP/1.1\r\n" + TOKEN,
            "POST /connectrpc.v1.snaptun/renew_session HTTP/2.0\r\n" + TOKEN,
            "POST /connectrpc.v1.snaptun/renew_session HTTP/1.1 \r\n" + TOKEN,
            "POST /connectrpc.v1.snaptun/renew_session\r\n" + TOKEN,
            "POST\r\n" + TOKEN,
            " " + RENEW + TOKEN,
            RENEW + "a b: c\r\n" + TOKEN,
            RENEW + "a : c\r\n" + TOKEN,
            RENEW + ": c\r\n" + TOKEN,
            RENEW + "abc\r\n" + TOKEN,
            RENEW + "a: b\r\n folded\r\n" + TOKEN,
            RENEW + "a: b\rc\r\n" + TOKEN,
            RENEW + "a: \u0000\r\n" + TOKEN,
            RENEW + "a: b\r\n".repeat(16) + TOKEN)) {
      var reader = new ControlRequestReader();
      assertThat(reader.receive(Texts.bytes(text)))
          .isEqualTo(ControlRequestReader.Outcome.Incomplete.INCOMPLETE);
      assertThat(reader.finish()).isEqualTo(faulty(RequestFault.CLOSED_PREMATURELY));
    }
  }

  @Test
  void a_head_that_fills_the_buffer_is_too_big() {
    String start = RENEW + "x: ";
    String unfinished = start + "y".repeat(4096 - start.length());
    var reader = new ControlRequestReader();
    assertThat(reader.receive(Texts.bytes(unfinished.substring(0, 4095))))
        .isEqualTo(ControlRequestReader.Outcome.Incomplete.INCOMPLETE);
    assertThat(reader.receive(Texts.bytes("y"))).isEqualTo(faulty(RequestFault.TOO_BIG));

    String end = "\r\n" + TOKEN;
    String whole = start + "y".repeat(4096 - start.length() - end.length()) + end;
    assertThat(new ControlRequestReader().receive(Texts.bytes(whole)))
        .isEqualTo(new ControlRequestReader.Outcome.Whole(RENEWAL));
  }

  @Test
  void a_body_may_fill_the_buffer_and_a_byte_more_is_too_big() {
    String head = ASSIGN + TOKEN;
    // one unknown field of so many bytes
    byte[] body = new byte[4096 - head.length()];
    int content = body.length - 3;
    body[0] = 0x7a;
    body[1] = (byte) ((content & 0x7f) | 0x80);
    body[2] = (byte) (content >> 7);
    assertThat(Texts.readRequest(Texts.bytes(head, body)))
        .isEqualTo(
            new ControlRequestReader.Outcome.Whole(
                new ControlRequest.AddressAssignment("secret", List.of(), false)));
    var reader = new ControlRequestReader();
    reader.receive(Texts.bytes(head, body));
    assertThat(reader.receive(Texts.bytes("x"))).isEqualTo(faulty(RequestFault.TOO_BIG));
    assertThat(
            new ControlRequestReader()
                .receive(Unpooled.wrappedBuffer(Texts.bytes(head, body), Texts.bytes("x"))))
        .isEqualTo(faulty(RequestFault.TOO_BIG));
  }

  @Test
  void the_outcome_is_the_same_for_any_split() {
    List<String> texts =
        List.of(
            RENEW + TOKEN,
            RENEW + "\n\n",
            "GET / HTTP/1.1\n\n",
            RENEW + "a: b\r\n".repeat(16) + TOKEN,
            RENEW + "x: " + "y".repeat(5000),
            ASSIGN + TOKEN + "z".repeat(5000),
            ASSIGN + TOKEN + "\n");
    Seeds.forEach(
        300,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          String text = random.oneOf(texts);
          var reader = new ControlRequestReader();
          random.split(Texts.bytes(text)).forEach(reader::receive);
          assertThat(reader.finish()).isEqualTo(Texts.readRequest(Texts.bytes(text)));
        });
  }

  private static void assertFault(RequestFault fault, String text) {
    assertThat(Texts.readRequest(Texts.bytes(text))).isEqualTo(faulty(fault));
  }

  private static ControlRequestReader.Outcome faulty(RequestFault fault) {
    return new ControlRequestReader.Outcome.Faulty(fault);
  }

  private static ControlRequest ours(AddressRange... wanted) {
    return new ControlRequest.AddressAssignment("secret", List.of(wanted), true);
  }

  private static ControlRequest assignment(AddressRange... wanted) {
    return new ControlRequest.AddressAssignment("secret", List.of(wanted), false);
  }

  private static ByteBuf encode(ControlRequest request) {
    return request.encode(UnpooledByteBufAllocator.DEFAULT);
  }
}
