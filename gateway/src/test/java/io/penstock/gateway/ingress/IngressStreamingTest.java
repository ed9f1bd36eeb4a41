package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.ingress.IngressFixture.Loops;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies, interim responses and upgrades while they are under way, and what happens when one side
/// leaves.
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class IngressStreamingTest {

  private static final String GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
  private static final String POST_CHUNKED =
      "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n";
  private static final String OK_CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  private static final String OK_HI = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  private static IngressFixture gateway(Loops loops) {
    return new IngressFixture(IngressConfig.DEFAULT, loops, WireServer.start());
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void anEventArrivesBeforeTheAppSendsTheNext(Loops loops) {
    try (var gateway = gateway(loops);
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        assertThat(visitor.readHead()).contains("Transfer-Encoding: chunked\r\n");
        stream.send("data: 1\n\n");
        assertThat(visitor.readUntil("\n\n\r\n")).isEqualTo("9\r\ndata: 1\n\n\r\n");
        stream.send("data: 2\n\n");
        assertThat(visitor.readUntil("\n\n\r\n")).isEqualTo("9\r\ndata: 2\n\n\r\n");
      }
      assertThat(visitor.readUntil("0\r\n\r\n")).isEqualTo("0\r\n\r\n");
    }
  }

  @Test
  void aPieceOfARequestBodyArrivesBeforeTheVisitorSendsTheNext() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(POST_CHUNKED + "\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        visitor.send("3\r\nabc\r\n");
        assertThat(stream.readText(8)).isEqualTo("3\r\nabc\r\n");
        stream.send(OK_CHUNKED + "1\r\nx\r\n");
        assertThat(visitor.readHead() + visitor.readText(6)).isEqualTo(OK_CHUNKED + "1\r\nx\r\n");
        visitor.send("0\r\n\r\n");
        assertThat(stream.readText(5)).isEqualTo("0\r\n\r\n");
        stream.send("0\r\n\r\n");
        assertThat(visitor.readText(5)).isEqualTo("0\r\n\r\n");
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void trailersPassBothWays() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(POST_CHUNKED + "Trailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readHead()).contains("Trailer: X-Sum\r\n");
        assertThat(stream.readUntil("\r\n\r\n")).isEqualTo("1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
        stream.send(OK_CHUNKED + "1\r\nb\r\n0\r\nX-Sum: 2\r\nX-Other: 3\r\n\r\n");
        visitor.readHead();
        assertThat(visitor.readUntil("\r\n\r\n"))
            .isEqualTo("1\r\nb\r\n0\r\nX-Sum: 2\r\nX-Other: 3\r\n\r\n");
      }
    }
  }

  @Test
  void aTrailerCannotFrameOrRouteOrSpeakForTheProxy() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          POST_CHUNKED
              + "\r\n"
              + "0\r\n"
              + "Content-Length: 5\r\n"
              + "Host: x\r\n"
              + "A: b\r\n"
              + "X-Forwarded-For: 6.6.6.6\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(stream.readUntil("\r\n\r\n")).isEqualTo("0\r\nA: b\r\n\r\n");
      }
    }
  }

  @Test
  void aVisitorThatExpectsContinueGetsItFromTheApp() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readHead()).contains("Expect: 100-continue\r\n");
        stream.send("HTTP/1.1 100 Continue\r\n\r\n");
        assertThat(visitor.readHead()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
        visitor.send("ab");
        assertThat(stream.readText(2)).isEqualTo("ab");
        stream.send(OK_HI);
        assertThat(visitor.readMessage()).isEqualTo(OK_HI);
      }
    }
  }

  @Test
  void otherInterimResponsesPassToo() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\n");
        assertThat(visitor.readHead()).isEqualTo("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        stream.send("HTTP/1.1 102 Processing\r\n\r\n" + OK_HI);
        assertThat(visitor.readHead()).isEqualTo("HTTP/1.1 102 Processing\r\n\r\n");
        assertThat(visitor.readMessage()).isEqualTo(OK_HI);
      }
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() {
    try (var gateway =
            IngressFixture.answering(
                s -> {
                  String path = s.readHead().split(" ", -1)[1];
                  s.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + path);
                  s.awaitEnd();
                });
        var visitor = gateway.visit()) {
      StringBuilder all = new StringBuilder();
      for (int i = 0; i < 9; i++) {
        all.append("GET /").append(i).append(" HTTP/1.1\r\nHost: ");
        all.append(i == 4 ? "no.test" : "app.test").append("\r\n\r\n");
      }
      visitor.send(all.toString());
      for (int i = 0; i < 9; i++) {
        assertThat(visitor.readMessage())
            .startsWith(i == 4 ? "HTTP/1.1 404" : "HTTP/1.1 200")
            .matches(
                m ->
                    m.startsWith("HTTP/1.1 404")
                        || m.endsWith("\r\n\r\n/" + m.charAt(m.length() - 1)));
      }
    }
  }

  @Test
  void pipelinedRequestsOfAVisitorThatHalfClosedAreAllAnswered() {
    try (var gateway =
            IngressFixture.answering(
                s -> {
                  s.readHead();
                  s.send(OK_HI);
                  s.awaitEnd();
                });
        var visitor = gateway.visit()) {
      visitor.send(GET + GET + GET).halfClose();
      assertThat(visitor.readToEnd()).isEqualTo(OK_HI + OK_HI + OK_HI);
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aHalfCloseOfTheVisitorIsNotPassedOnBeforeTheResponseHasEnded(Loops loops) {
    try (var gateway = gateway(loops);
        var visitor = gateway.visit()) {
      visitor.send(GET).halfClose();
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(OK_CHUNKED);
        assertThat(visitor.readHead()).isEqualTo(OK_CHUNKED);
        stream.send("1\r\na\r\n0\r\n\r\n");
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
        assertThat(visitor.readToEnd()).isEqualTo("1\r\na\r\n0\r\n\r\n");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aVisitorWhoLeavesInADownloadEndsTheStreamAtOnce(Loops loops) {
    try (var gateway = gateway(loops);
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
        visitor.readHead();
        visitor.reset();
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
      await().untilAsserted(() -> assertThat(gateway.finished).hasValue(1));
      assertThat(gateway.counters.aborted()).isEqualTo(1);
    }
  }

  @Test
  void aVisitorWhoLeavesBeforeTheResponseEndsTheStreamAtOnce() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        visitor.reset();
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aVisitorWhoLeavesInAnUploadEndsTheStreamAtOnce(boolean inOrder) {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\npart");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(stream.readText(4)).isEqualTo("part");
        if (inOrder) {
          visitor.hangUp();
        } else {
          visitor.reset();
        }
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 10\r\n\r\nhell",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhell",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n"
      })
  void aResponseThatEndsInsideItsFramingAbortsTheVisitor(String framing) {
    try (var gateway =
            IngressFixture.answering(
                s -> {
                  s.readHead();
                  s.send("HTTP/1.1 200 OK\r\n" + framing);
                });
        var visitor = gateway.visit()) {
      assertThat(visitor.send(GET).awaitEnd()).isEqualTo(End.RESET);
    }
  }

  @Test
  void malformedChunksOfTheAppAbortTheVisitor() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(OK_CHUNKED + "1\r\na\r\n");
        visitor.readHead();
        stream.send("x\r\n");
        assertThat(visitor.awaitEnd()).isEqualTo(End.RESET);
        assertThat(stream.awaitEnd()).isNotNull();
      }
    }
  }

  @Test
  void aStreamThatFailsInABodyWithoutFramingAbortsTheVisitor() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.0 200 OK\r\n\r\nhell");
        visitor.readHead();
        stream.reset();
        assertThat(visitor.awaitEnd()).isEqualTo(End.RESET);
      }
    }
  }

  @Test
  void whatTheAppSendsBehindItsResponseIsDropped() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      for (int i = 0; i < 2; i++) {
        visitor.send(GET);
        try (var stream = gateway.agent.accept()) {
          stream.readHead();
          stream.send(OK_HI + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
          assertThat(visitor.readMessage()).isEqualTo(OK_HI);
        }
      }
    }
  }

  @Test
  void aVisitorWhoseUploadWasNotWantedCanGoOn() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        assertThat(visitor.readHead()).startsWith("HTTP/1.1 403 ");
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
      visitor.send("x".repeat(1000)).send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(OK_HI);
        assertThat(visitor.readMessage()).isEqualTo(OK_HI);
      }
    }
  }

  @Test
  void aVisitorWhoseLargeUploadWasNotWantedGetsTheResponseAndThenTheEnd() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000000\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
        assertThat(visitor.readMessage()).startsWith("HTTP/1.1 413 ").endsWith("no");
        visitor.send(new byte[300_000]);
        assertThat(visitor.readToEnd()).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void anUpgradedConnectionCarriesBytesBothWays(Loops loops) {
    try (var gateway = gateway(loops);
        var visitor = gateway.visit()) {
      visitor.send(
          "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\n"
              + "Upgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readHead())
            .contains("\r\nConnection: Upgrade\r\n")
            .contains("\r\nUpgrade: websocket\r\n")
            .contains("\r\nSec-WebSocket-Key: abc\r\n");
        stream.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: x\r\n\r\nfirst");
        assertThat(visitor.readHead())
            .isEqualTo(
                "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n"
                    + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        assertThat(visitor.readText(5)).isEqualTo("first");
        visitor.send("GET / HTTP/1.1\n\n\0");
        assertThat(stream.readText(17)).isEqualTo("GET / HTTP/1.1\n\n\0");
        stream.send("\0\1\2");
        assertThat(visitor.readText(3)).isEqualTo("\0\1\2");
        visitor.send("last").halfClose();
        assertThat(stream.readToEnd()).isEqualTo("last");
        assertThat(visitor.awaitEnd()).isEqualTo(End.FIN);
      }
      await().untilAsserted(() -> assertThat(gateway.finished).hasValue(1));
      assertThat(gateway.counters.responses(1)).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void whatAVisitorSendsBehindItsUpgradeArrivesAfterTheUpgrade(Loops loops) {
    try (var gateway = gateway(loops);
        var visitor = gateway.visit()) {
      visitor.send(
          "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\nearly");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        visitor.readHead();
        assertThat(stream.readText(5)).isEqualTo("early");
        visitor.send("later");
        assertThat(stream.readText(5)).isEqualTo("later");
      }
    }
  }

  @Test
  void theEndOfAnUpgradedStreamEndsTheVisitorAfterTheLastByte() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 101 Switching Protocols\r\n\r\nbye").halfClose();
        assertThat(visitor.readHead()).contains("Upgrade: chat\r\n");
        assertThat(visitor.readToEnd()).isEqualTo("bye");
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void anUpgradeThatTheAppDeclinesIsAnOrdinaryResponse() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(OK_HI);
        assertThat(visitor.readMessage()).isEqualTo(OK_HI);
      }
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aPausedVisitorStallsItsAppAndNobodyElse(Loops loops) {
    try (var gateway = gateway(loops);
        var paused = gateway.visit()) {
      paused.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        Thread sender = Thread.startVirtualThread(() -> pour(stream, sent));
        await().until(() -> stalled(sent));
        assertThat(sent.size()).isLessThan(64 << 20);
        try (var other = gateway.visit()) {
          other.send(GET);
          try (var second = gateway.agent.accept()) {
            second.readHead();
            second.send(OK_HI);
            assertThat(other.readMessage()).isEqualTo(OK_HI);
          }
        }
        paused.readHead();
        paused.readBytes(sent.size() + (1 << 20));
        assertThat(sender.isAlive()).isTrue();
      }
    }
  }

  private static void pour(WireSocket stream, ByteArrayOutputStream sent) {
    byte[] piece = new byte[64 * 1024];
    stream.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    try {
      while (true) {
        stream.send(piece);
        sent.write(piece, 0, piece.length);
      }
    } catch (UncheckedIOException e) {
      sent.write("end".getBytes(StandardCharsets.US_ASCII), 0, 3);
    }
  }

  /// Whether nothing was taken for a while.
  private static boolean stalled(ByteArrayOutputStream sent) {
    int before = sent.size();
    long until = System.nanoTime() + 300_000_000;
    while (System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    return before > 0 && sent.size() == before;
  }
}
