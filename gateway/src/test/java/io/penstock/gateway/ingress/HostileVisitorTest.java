package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import io.penstock.testkit.wire.WireSocket;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Whatever a visitor sends ends in answers or a closed connection; what reaches the agent is
/// always one well-formed request; and another visitor is served all the while.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class HostileVisitorTest {

  private static final String OK_HI = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String NEIGHBOUR = "GET /neighbour HTTP/1.1\r\nHost: app.test\r\n\r\n";
  private static final Pattern LINE = Pattern.compile("[!-9;-~]+:[\\t -~\\x80-\\xff]*");

  private static final List<String> WELL_FORMED =
      List.of(
          "GET /a?b HTTP/1.1\r\nHost: app.test\r\nCookie: a=b\r\n\r\n",
          "GET http://app.test/x HTTP/1.1\r\n"
              + "Host: app.test\r\n"
              + "Connection: close, x\r\n"
              + "X: y\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello",
          "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "5;a=b\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello",
          "HEAD / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n",
          "PUT / HTTP/1.1\r\n"
              + "Host: app.test\r\n"
              + "Expect: 100-continue\r\n"
              + "Content-Length: 3\r\n\r\n"
              + "abc",
          "OPTIONS * HTTP/1.1\r\nHost: app.test:80\r\nTE: trailers\r\n\r\n");

  private final Queue<String> malformedAtAgent = new ConcurrentLinkedQueue<>();
  private IngressFixture gateway;
  private WireSocket neighbour;

  @BeforeAll
  void start() {
    var config = IngressConfig.builder().headTimeout(Duration.ofSeconds(2)).build();
    gateway = IngressFixture.answering(config, this::answer);
    neighbour = gateway.visit();
  }

  @AfterAll
  void stop() {
    neighbour.close();
    gateway.close();
  }

  private void answer(WireSocket stream) {
    String head = stream.readHead();
    if (!isWellFormed(head)) {
      malformedAtAgent.add(head);
    }
    stream.send(OK_HI);
    stream.awaitEnd();
  }

  private static boolean isWellFormed(String head) {
    String[] lines = head.split("\r\n", -1);
    int hosts = 0;
    int framings = 0;
    for (int i = 1; i < lines.length - 2; i++) {
      if (!LINE.matcher(lines[i]).matches()) {
        return false;
      }
      String name = lines[i].substring(0, lines[i].indexOf(':')).toLowerCase(Locale.ROOT);
      hosts += name.equals("host") ? 1 : 0;
      framings += name.equals("content-length") || name.equals("transfer-encoding") ? 1 : 0;
    }
    return lines[0].matches("[!-~]+ (/[!-~]*|\\*) HTTP/1\\.1") && hosts == 1 && framings <= 1;
  }

  @Test
  void random_bytes_are_survived() {
    Seeds.forEach(
        200,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          survive(random.bytes(random.magnitude(1, 5000)), random.magnitude(1, 5000));
        });
  }

  @Test
  void pipelined_and_mutated_requests_are_survived() {
    Seeds.forEach(
        600,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          StringBuilder text = new StringBuilder();
          for (int i = random.between(1, 4); i > 0; i--) {
            text.append(WELL_FORMED.get(random.between(0, WELL_FORMED.size() - 1)));
          }
          for (int i = random.between(0, 3); i > 0; i--) {
            mutate(text, random);
          }
          survive(text.toString().getBytes(StandardCharsets.ISO_8859_1), random.magnitude(1, 1000));
        });
  }

  private static void mutate(StringBuilder text, SeededRandom random) {
    int at = random.between(0, text.length() - 1);
    switch (random.between(0, 4)) {
      case 0 -> text.setCharAt(at, (char) random.between(0, 255));
      case 1 -> text.insert(at, "\r\n \t:;,\0\n\r".charAt(random.between(0, 9)));
      case 2 -> text.deleteCharAt(at);
      case 3 -> text.setLength(at);
      default -> text.insert(at, text.substring(at, Math.min(text.length(), at + 20)));
    }
    if (text.isEmpty()) {
      text.append('x');
    }
  }

  private void survive(byte[] input, int pieceBytes) {
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    try (WireSocket visitor = gateway.visit()) {
      send(visitor, input, pieceBytes);
      visitor.awaitEnd(received);
    }
    String answers = received.toString(StandardCharsets.ISO_8859_1);
    if (!answers.isEmpty()) {
      assertThat(answers).matches("(?s)HTTP/1\\.1 [1-5][0-9][0-9] .*");
    }
    assertThat(malformedAtAgent).isEmpty();
    assertThat(neighbour.send(NEIGHBOUR).readMessage()).isEqualTo(OK_HI);
  }

  private static void send(WireSocket visitor, byte[] input, int pieceBytes) {
    try {
      for (int at = 0; at < input.length; at += Math.min(pieceBytes, input.length)) {
        int length = Math.min(pieceBytes, input.length - at);
        visitor.send(Arrays.copyOfRange(input, at, at + length));
      }
      visitor.halfClose();
    } catch (UncheckedIOException e) {
      // The gateway has closed already, which is one of the answers.
    }
  }
}
