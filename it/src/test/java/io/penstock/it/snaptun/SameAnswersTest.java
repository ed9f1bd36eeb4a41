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

/// The same steps of a raw client against the original's server and against ours: what it sees has
/// to be the same, to the byte, and is what the row says.
@ExtendWith(RustPeers.class)
class SameAnswersTest {

  private static final String OK = "HTTP/1.1 200 OK [Content-Length: 6] in an hour";
  private static final String GIVEN =
      "HTTP/1.1 200 OK [Content-Length: 20] 0a12089082808080e07f1004182022040a000001";
  private static final String BAD = "HTTP/1.1 400 Bad Request [Content-Length: 0]";
  private static final String UNAUTHORIZED = "HTTP/1.1 401 Unauthorized [Content-Length: 0]";
  private static final String NOT_IMPLEMENTED = "HTTP/1.1 501 Not Implemented [Content-Length: 0]";

  private static final String OPEN = "open";
  private static final String RENEW = "POST~/connectrpc.v1.snaptun/renew_session~HTTP/1.1\\r\\n";
  private static final String ASSIGN =
      "POST~/connectrpc.v1.snaptun/assign_addresses~HTTP/1.1\\r\\n";
  private static final String TOKEN = "Authorization:~Bearer~node:3600\\r\\n";
  private static final String END = "\\r\\n";

  @ParameterizedTest(name = "{0}")
  @MethodSource({"establishing", "heads", "established", "bodies"})
  void aRawClientSeesTheSameFromBothServers(String name, String steps, List<String> expected)
      throws Exception {
    String refused = Addresses.TAKEN.addressText();
    try (OriginalServer original = OriginalServer.start("-refuse", refused);
        OurServer ours = OurServer.likeTheOriginal(Addresses.TAKEN)) {
      var fromThem = Script.start(original.address(), steps);
      var fromUs = Script.start(ours.address(), steps);

      assertThat(fromThem.get()).as("the original").isEqualTo(expected);
      assertThat(fromUs.get()).as("ours").isEqualTo(expected);
    }
  }

  /// The steps that establish a tunnel, and what they bring.
  private static Arguments established(String name, String steps, String... expected) {
    return arguments(
        name,
        "open renew fin answer open assign fin answer " + steps,
        Stream.concat(Stream.of(OK, GIVEN), Stream.of(expected)).toList());
  }

  private static Arguments first(String name, String steps, String... expected) {
    return arguments(name, steps, List.of(expected));
  }

  /// A first request written by hand; `~` stands for a space.
  private static Arguments head(String name, String head, String expected) {
    String last = expected.startsWith("closed") ? "closed" : "answer";
    return first(name, "open write=" + head + " fin " + last, expected);
  }

  /// An assignment with this body as the second request.
  private static Arguments body(String name, String body, String expected) {
    String last = expected.startsWith("closed") ? "closed" : "answer";
    return first(
        name,
        "open renew fin answer open write="
            + ASSIGN
            + TOKEN
            + END
            + " body="
            + body
            + " fin "
            + last,
        OK,
        expected);
  }

  static Stream<Arguments> establishing() {
    return Stream.of(
        established("a packet comes back", "datagram=hello packet", "packet hello"),
        first(
            "an assignment first",
            "open assign fin closed",
            closed(1, "expected session renewal request")),
        first(
            "two renewals",
            "open renew fin answer open renew fin closed",
            OK,
            closed(1, "expected address assignment request")),
        first(
            "two streams at once",
            "open open stream=0 renew fin stream=1 assign fin stream=0 answer stream=1 answer",
            OK,
            GIVEN),
        first(
            "two streams at once, written in the other order",
            "open open stream=1 assign fin stream=0 renew fin answer stream=1 answer",
            OK,
            GIVEN),
        first(
            "two streams at once in the wrong order",
            "open open stream=1 renew fin stream=0 assign fin closed",
            closed(1, "expected session renewal request")),
        first(
            "a bad signature",
            "open renew=strange fin closed",
            closed(1, "handling session renewal request")),
        first(
            "an expired token",
            "open renew=expired fin closed",
            closed(1, "handling session renewal request")),
        first(
            "no token at all",
            "open renew=nonsense fin closed",
            closed(1, "handling session renewal request")),
        first(
            "a bad signature with the assignment",
            "open renew fin answer open assign=strange fin closed",
            OK,
            closed(1, "handling address assignment request")),
        first(
            "two addresses for one client",
            "open renew fin answer open assign=node:3600,192.168.0.1,192.168.0.2 fin closed",
            OK,
            closed(1, "handling address assignment request")),
        first(
            "an address that is not given",
            "open renew fin answer open assign=node:3600,10.9.9.9 fin closed",
            OK,
            closed(1, "handling address assignment request")),
        first("nothing at all", "closed", closed(2, "timeout establishing snaptun")),
        first("an open stream", "open write=P closed", closed(2, "timeout establishing snaptun")),
        first(
            "a renewal and then nothing",
            "open renew fin answer closed",
            OK,
            closed(2, "timeout establishing snaptun")),
        first("a renewal without FIN", "open renew answer", OK),
        first(
            "an assignment without FIN",
            "open renew fin answer open assign closed",
            OK,
            closed(2, "timeout establishing snaptun")),
        first("FIN and nothing else", "open fin closed", closed(5, "closed prematurely")),
        first("a reset", "open write=P reset=9 closed", closed(5, "read error")),
        first("4096 bytes of no request", "open pad=4096 closed", closed(1, "request too big")),
        first(
            "4095 bytes of no request",
            "open pad=4095 fin closed",
            closed(5, "closed prematurely")),
        first("5000 bytes of no request", "open pad=5000 closed", closed(1, "request too big")),
        first("a renewal with 5000 bytes behind it", "open renew pad=5000 fin answer", OK));
  }

  static Stream<Arguments> heads() {
    String faulty = closed(5, "closed prematurely");
    String none = closed(3, "no auth header");
    String noBearer = closed(3, "bearer not found in authorization header");
    String pairs = "a:~b\\r\\n";
    return Stream.of(
        head("the least head", RENEW + TOKEN + END, OK),
        head("lines that end in LF alone", (RENEW + TOKEN + END).replace("\\r", ""), OK),
        head("empty lines before it", END + "\\n" + RENEW + TOKEN + END, OK),
        head("HTTP/1.0", RENEW.replace("1.1", "1.0") + TOKEN + END, OK),
        head("HTTP/1.2", RENEW.replace("1.1", "1.2") + TOKEN + END, faulty),
        head("HTTP/2.0", RENEW.replace("1.1", "2.0") + TOKEN + END, faulty),
        head("no version", RENEW.replace("~HTTP/1.1", "") + TOKEN + END, faulty),
        head("GET", RENEW.replace("POST", "GET") + TOKEN + END, closed(1, "invalid method")),
        head("post", RENEW.replace("POST", "post") + TOKEN + END, closed(1, "invalid method")),
        head("a method of odd characters", "P(ST~/~HTTP/1.1" + END + END, faulty),
        head("another path", "POST~/~HTTP/1.1" + END + TOKEN + END, closed(1, "invalid path")),
        head(
            "a query",
            RENEW.replace("session", "session?x") + TOKEN + END,
            closed(1, "invalid path")),
        head(
            "a whole URL",
            RENEW.replace("/conn", "http://h/conn") + TOKEN + END,
            closed(1, "invalid path")),
        head("GET and another path", "GET~/~HTTP/1.1" + END + END, closed(1, "invalid method")),
        head("two spaces behind the method", RENEW.replace("POST", "POST~") + TOKEN + END, faulty),
        head("no header", RENEW + END, none),
        head("a header in lower case", RENEW + TOKEN.replace('A', 'a') + END, none),
        head("no scheme", RENEW + "Authorization:~node:3600" + END + END, noBearer),
        head("a scheme in lower case", RENEW + TOKEN.replace('B', 'b') + END, noBearer),
        head("a scheme alone", RENEW + "Authorization:~Bearer~" + END + END, noBearer),
        head("an empty value", RENEW + "Authorization:" + END + END, noBearer),
        head("no space before the value", RENEW + TOKEN.replace(":~", ":") + END, OK),
        head(
            "spaces around the value",
            RENEW + "Authorization:~~Bearer~node:3600~~" + END + END,
            OK),
        head(
            "a tab before the value",
            RENEW + "Authorization:\\tBearer~node:3600\\t" + END + END,
            OK),
        head(
            "a space before the colon",
            RENEW + "Authorization~:~Bearer~node:3600" + END + END,
            faulty),
        head("a folded line", RENEW + "a:~b" + END + "~c" + END + TOKEN + END, faulty),
        head("a line without a colon", RENEW + "abc" + END + TOKEN + END, faulty),
        head("a line without a name", RENEW + ":~b" + END + TOKEN + END, faulty),
        head("a CR in a value", RENEW + "a:~b\\rc" + END + TOKEN + END, faulty),
        head("a NUL in a value", RENEW + "a:~b\\0c" + END + TOKEN + END, faulty),
        head("letters beyond ASCII in a value", RENEW + "a:~\\e" + END + TOKEN + END, OK),
        head(
            "the header twice, the first one good",
            RENEW + TOKEN + "Authorization:~x" + END + END,
            OK),
        head(
            "the header twice, the first one bad",
            RENEW + "Authorization:~x" + END + TOKEN + END,
            noBearer),
        head("sixteen headers", RENEW + pairs.repeat(15) + TOKEN + END, OK),
        head("seventeen headers", RENEW + pairs.repeat(16) + TOKEN + END, faulty),
        head("a length that is not so", RENEW + "content-length:~99" + END + TOKEN + END, OK),
        head("no end of the head", RENEW + TOKEN, faulty));
  }

  static Stream<Arguments> bodies() {
    String refused = closed(1, "handling address assignment request");
    String faulty = closed(1, "error when parsing address assignment request");
    String concrete = "0a12089082808080e07f100418202204c0a80001";
    String sixteen = "0a1f089082808080e07f1006188001221020010db8000000000000000000000001";
    return Stream.of(
        body("none wanted", "", GIVEN),
        body("one wanted", concrete, "HTTP/1.1 200 OK [Content-Length: 20] " + concrete),
        body("any IPv4 wanted", "0a12089082808080e07f100418202204" + "00000000", GIVEN),
        body("an IPv6 address wanted", sixteen, "HTTP/1.1 200 OK [Content-Length: 33] " + sixteen),
        body(
            "an unknown field before it",
            "7801" + concrete,
            "HTTP/1.1 200 OK [Content-Length: 20] " + concrete),
        body("no ISD-AS", "0a0a10041820220400000000", refused),
        body("no AS", "0a120880808080808040100418202204c0a80001", refused),
        body("no ISD", "0a12089082808080e03f100418202204c0a80001", refused),
        body("IP version 5", concrete.replace("1004", "1005"), refused),
        body("a prefix of 24", concrete.replace("1820", "1818"), refused),
        body("a prefix of 30", concrete.replace("1820", "181e"), refused),
        body("a prefix of 33", concrete.replace("1820", "1821"), refused),
        body(
            "an IPv6 prefix of 64",
            sixteen.replace("188001", "1840").replace("0a1f", "0a1e"),
            refused),
        body(
            "an IPv6 prefix of 120",
            sixteen.replace("188001", "1878").replace("0a1f", "0a1e"),
            refused),
        body("an address of three bytes", "0a11089082808080e07f100418202203c0a800", refused),
        body("an address of five bytes", "0a13089082808080e07f100418202205c0a8000100", refused),
        body(
            "an address of fifteen bytes",
            "0a1e089082808080e07f1006188001220f20010db80000000000000000000001",
            refused),
        body("half a message", "0a12089082", faulty),
        body("no protobuf at all", "ffffffff", faulty));
  }

  static Stream<Arguments> established() {
    return Stream.of(
        established("a renewal", "open renew fin answer", OK),
        established("the same address again", "open assign=node:3600,10.0.0.1 fin answer", GIVEN),
        established("another token", "open renew=other:3600 fin answer", OK),
        established(
            "a bad signature leaves the tunnel up",
            "open renew=strange fin answer closed=1s datagram=a packet",
            UNAUTHORIZED,
            OPEN,
            "packet a"),
        established("an expired token", "open renew=expired fin answer", UNAUTHORIZED),
        established("no token", "open renew=nonsense fin answer", BAD),
        established("an assignment with no token", "open assign=nonsense fin answer", BAD),
        established(
            "an assignment with a bad signature", "open assign=strange fin answer", UNAUTHORIZED),
        established(
            "two addresses",
            "open assign=node:3600,192.168.0.1,192.168.0.2 fin answer",
            NOT_IMPLEMENTED),
        established(
            "two addresses and a bad signature",
            "open assign=strange,192.168.0.1,192.168.0.2 fin answer",
            UNAUTHORIZED),
        established(
            "an address that is not given",
            "open assign=node:3600,10.9.9.9 fin answer closed=1s",
            BAD,
            OPEN),
        established(
            "a wildcard",
            "open write=" + ASSIGN + TOKEN + END + " body=0a0a10041820220400000000 fin answer",
            BAD),
        established(
            "no method",
            "open write=GET~/~HTTP/1.1" + END + END + " fin closed",
            closed(1, "invalid method")),
        established(
            "no path",
            "open write=POST~/~HTTP/1.1" + END + END + " fin closed",
            closed(1, "invalid path")),
        established(
            "no header", "open write=" + RENEW + END + " fin closed", closed(3, "no auth header")),
        established("too much", "open pad=5000 closed", closed(1, "request too big")),
        established("FIN and nothing else", "open fin closed", closed(5, "closed prematurely")),
        established("a reset", "open write=P reset=9 closed", closed(5, "read error")),
        established(
            "two renewals at once",
            "open open stream=2 renew fin stream=3 renew fin answer stream=2 answer",
            OK,
            OK),
        established(
            "an answer that is not wanted",
            "open stop=7 renew fin closed",
            closed(5, "send control response error")),
        established(
            "a session that ends",
            "open renew=node:1 fin answer closed=5s",
            "HTTP/1.1 200 OK [Content-Length: 6] soon",
            closed(4, "session expired")));
  }

  private static String closed(int code, String reason) {
    return "closed " + code + " " + reason;
  }
}
