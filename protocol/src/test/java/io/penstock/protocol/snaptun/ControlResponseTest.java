package io.penstock.protocol.snaptun;

import static io.penstock.protocol.snaptun.ControlResponseReader.Expected.ASSIGNED;
import static io.penstock.protocol.snaptun.ControlResponseReader.Expected.RENEWED;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Responses on the wire, from both ends.
class ControlResponseTest {

  @Test
  void responses_are_written_as_the_originals_server_writes_them() {
    assertThat(encode(new ControlResponse.Renewed(1_700_000_000)))
        .isEqualTo(Texts.vector("renewed-response"));
    assertThat(encode(new ControlResponse.Failed(ControlResponse.Status.UNAUTHORIZED)))
        .isEqualTo(Texts.vector("unauthorized-response"));
    assertThat(encode(assigned(Texts.V4)))
        .isEqualTo(
            ByteBufUtil.getBytes(
                Texts.bytes(
                    "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n",
                    Texts.vector("assign-request-body"))));
  }

  @Test
  void each_status_has_its_canonical_words() {
    assertThat(List.of(ControlResponse.Status.values()))
        .map(status -> firstLine(new ControlResponse.Failed(status)))
        .containsExactly(
            "HTTP/1.1 200 OK",
            "HTTP/1.1 400 Bad Request",
            "HTTP/1.1 401 Unauthorized",
            "HTTP/1.1 500 Internal Server Error",
            "HTTP/1.1 501 Not Implemented");
  }

  @Test
  void what_is_written_is_read_for_any_split() {
    List<ControlResponse> responses =
        List.of(
            new ControlResponse.Renewed(1_700_000_000),
            assigned(Texts.V4),
            new ControlResponse.Assigned(
                List.of(Texts.V4), List.of(new Refusal(1, "path MTU 1252 is below 1280"))));
    Seeds.forEach(
        200,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          ControlResponse response = random.oneOf(responses);
          var reader = new ControlResponseReader(expected(response));
          random
              .split(Unpooled.wrappedBuffer(encode(response)))
              .forEach(piece -> assertThat(reader.receive(piece)).isEqualTo(INCOMPLETE));
          assertThat(reader.finish()).isEqualTo(new ControlResponseReader.Outcome.Whole(response));
        });
  }

  @Test
  void as_many_addresses_and_refusals_as_can_be_fit_into_a_response() {
    var refused = Collections.nCopies(SnapTun.MAX_ADDRESSES, new Refusal(7, "x".repeat(200)));
    var response =
        new ControlResponse.Assigned(Collections.nCopies(SnapTun.MAX_ADDRESSES, Texts.V6), refused);
    assertThat(Texts.readResponse(ASSIGNED, Unpooled.wrappedBuffer(encode(response))))
        .isEqualTo(new ControlResponseReader.Outcome.Whole(response));
  }

  @Test
  void a_refusal_cannot_break_the_head() {
    assertThat(new Refusal(0, "a\r\nb\u00e4 ").why()).isEqualTo("a??b?");
  }

  @Test
  void a_status_other_than_200_is_a_fault_whatever_the_body() {
    assertFault(
        RENEWED,
        new ResponseFault.Status(401, List.of()),
        Unpooled.wrappedBuffer(Texts.vector("unauthorized-response")));
    assertFault(
        ASSIGNED,
        new ResponseFault.Status(400, List.of(new Refusal(0, "exhausted"))),
        Texts.bytes("HTTP/1.1 400\r\nPenstock-Refused: 0 exhausted\r\n\r\nbody"));
  }

  @Test
  void an_assignment_without_an_address_is_a_fault() {
    assertFault(
        ASSIGNED,
        ResponseFault.NoAddressAssigned.NO_ADDRESS_ASSIGNED,
        Texts.bytes("HTTP/1.1 200 OK\r\n\r\n"));
    assertFault(
        ASSIGNED,
        new ResponseFault.InvalidAddress(new AddressFault.WildcardIsdAs(0)),
        Texts.bytes(
            "HTTP/1.1 200 OK\r\n\r\n", Messages.assignResponse(List.of(Texts.V4.withIsdAs(0)))));
  }

  @Test
  void what_is_no_response_is_a_fault() {
    for (String text :
        List.of(
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 20x OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
            "HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(17) + "\r\n")) {
      assertFault(RENEWED, ResponseFault.Malformed.HEAD, Texts.bytes(text));
    }
    assertFault(RENEWED, ResponseFault.Malformed.UNFINISHED, Texts.bytes(""));
    assertFault(RENEWED, ResponseFault.Malformed.UNFINISHED, Texts.bytes("HTTP/1.1 200 OK\r\n"));
    assertFault(
        RENEWED, ResponseFault.Malformed.BODY, Texts.bytes("HTTP/1.1 200 OK\r\n\r\n\u0008"));
    assertFault(
        ASSIGNED, ResponseFault.Malformed.BODY, Texts.bytes("HTTP/1.1 200 OK\r\n\r\n\n\u0012"));
    assertFault(
        RENEWED,
        ResponseFault.Malformed.TOO_BIG,
        Texts.bytes("HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(4096)));
    assertFault(
        RENEWED,
        ResponseFault.Malformed.TOO_BIG,
        Texts.bytes("HTTP/1.1 200 OK\r\nx: " + "x".repeat(4096)));
  }

  private static final ControlResponseReader.Outcome INCOMPLETE =
      ControlResponseReader.Outcome.Incomplete.INCOMPLETE;

  private static void assertFault(
      ControlResponseReader.Expected expected, ResponseFault fault, ByteBuf text) {
    assertThat(Texts.readResponse(expected, text))
        .isEqualTo(new ControlResponseReader.Outcome.Faulty(fault));
  }

  private static ControlResponseReader.Expected expected(ControlResponse response) {
    return response instanceof ControlResponse.Renewed ? RENEWED : ASSIGNED;
  }

  private static ControlResponse assigned(AddressRange... addresses) {
    return new ControlResponse.Assigned(List.of(addresses), List.of());
  }

  private static String firstLine(ControlResponse response) {
    String text = Texts.text(response.encode(UnpooledByteBufAllocator.DEFAULT));
    return text.substring(0, text.indexOf("\r\n"));
  }

  private static byte[] encode(ControlResponse response) {
    ByteBuf buffer = response.encode(UnpooledByteBufAllocator.DEFAULT);
    byte[] bytes = ByteBufUtil.getBytes(buffer);
    buffer.release();
    return bytes;
  }
}
