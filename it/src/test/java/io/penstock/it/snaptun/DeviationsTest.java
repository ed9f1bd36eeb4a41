package io.penstock.it.snaptun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.penstock.it.RustPeers;
import io.penstock.transport.snaptun.Addresses;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Where our server does on purpose what the original's does not, as `docs/protocol/snaptun.md`
/// says: the same steps of a raw client, and what it sees from each.
@ExtendWith(RustPeers.class)
class DeviationsTest {

  private static final String ESTABLISHED = "open renew fin answer open assign fin answer ";
  private static final String OK = "HTTP/1.1 200 OK [Content-Length: 6] in an hour";
  private static final String SOON = "HTTP/1.1 200 OK [Content-Length: 6] soon";
  private static final String GIVEN =
      "HTTP/1.1 200 OK [Content-Length: 20] 0a12089082808080e07f1004182022040a000001";

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void weDeviate(String name, String steps, List<String> original, List<String> ours)
      throws Exception {
    String refused = Addresses.TAKEN.addressText();
    try (OriginalServer theirServer = OriginalServer.start("-refuse", refused);
        OurServer ourServer = OurServer.start(Addresses.TAKEN)) {
      var fromThem = Script.start(theirServer.address(), steps);
      var fromUs = Script.start(ourServer.address(), steps);

      assertThat(fromThem.get()).as("the original").isEqualTo(original);
      assertThat(fromUs.get()).as("ours").isEqualTo(ours);
    }
  }

  static Stream<Arguments> weDeviate() {
    return Stream.of(
        arguments(
            "an open stream does not keep a session alive",
            ESTABLISHED + "open renew=node:1 fin answer open write=P closed=4s",
            List.of(OK, GIVEN, SOON, "open"),
            List.of(OK, GIVEN, SOON, "closed 4 session expired")),
        arguments(
            "a client that understands refusals is told why",
            ESTABLISHED
                + "open write="
                + "POST~/connectrpc.v1.snaptun/assign_addresses~HTTP/1.1\\r\\n"
                + "Penstock-Tell:~refused\\r\\nAuthorization:~Bearer~node:3600\\r\\n\\r\\n "
                + "body=0a12089082808080e07f1004182022040a090909 fin answer",
            List.of(OK, GIVEN, "HTTP/1.1 400 Bad Request [Content-Length: 0]"),
            List.of(
                OK,
                GIVEN,
                "HTTP/1.1 400 Bad Request" + " [Content-Length: 0, Penstock-Refused: 0 taken]")),
        arguments(
            "one of several addresses is given, and the other one's refusal told",
            ESTABLISHED + "open assign=node:3600,10.0.0.9,10.9.9.9 fin answer",
            List.of(OK, GIVEN, "HTTP/1.1 501 Not Implemented [Content-Length: 0]"),
            List.of(
                OK,
                GIVEN,
                "HTTP/1.1 200 OK [Content-Length: 20, Penstock-Refused: 1 taken]"
                    + " 0a12089082808080e07f1004182022040a000009")),
        arguments(
            "a slow request does not stop those behind it",
            ESTABLISHED + "open write=P open renew fin answer=7s",
            List.of(OK, GIVEN, "no answer"),
            List.of(OK, GIVEN, OK)),
        arguments(
            "a packet before there is an address comes from nobody",
            "datagram=early " + ESTABLISHED + "packet=1s",
            List.of(OK, GIVEN, "packet early"),
            List.of(OK, GIVEN, "no packet")),
        arguments(
            "a field of the wrong wire type is unknown",
            "open renew fin answer open assign body=0801 fin closed=1s",
            List.of(OK, "closed 1 error when parsing address assignment request"),
            List.of(OK, "open")));
  }
}
