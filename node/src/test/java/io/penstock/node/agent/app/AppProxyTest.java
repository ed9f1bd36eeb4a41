package io.penstock.node.agent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A stream from the gateway on one side, the local app on the other, both played byte by byte.
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class AppProxyTest {

  private static final String GET = "GET /a?b HTTP/1.1\r\nHost: app.test\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  @Test
  void aRequestGoesToTheAppAndItsResponseComesBack() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        assertThat(app.readHead()).isEqualTo(GET);
        app.send(OK);
        assertThat(stream.readMessage()).isEqualTo(OK);
      }
      await().untilAsserted(() -> assertThat(agent.log).hasSize(1));
      assertThat(agent.log.getFirst().path()).isEqualTo("/a");
      assertThat(agent.log.getFirst().status()).isEqualTo(200);
    }
  }

  @Test
  void thePingIsAnsweredWithoutTheApp() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(
          "GET /health HTTP/1.1\r\nHost: backend\r\nUser-Agent: Go-http-client/1.1\r\n\r\n");
      assertThat(stream.readMessage()).startsWith("HTTP/1.1 200 OK\r\n").endsWith("ok\n");
      assertThat(agent.app.connections()).isZero();
    }
  }

  @Test
  void anAppThatIsNotThereIsReportedByAHeader() {
    WireServer gone = WireServer.start();
    gone.close();
    try (var agent = AppFixture.start(gone, c -> c);
        var stream = agent.stream()) {
      assertThat(stream.send(GET).readMessage())
          .startsWith("HTTP/1.1 502 Bad Gateway\r\nPenstock-App-Down: 1\r\n");
    }
  }

  @Test
  void theAppCannotReportItselfDown() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("HTTP/1.1 200 OK\r\nPenstock-App-Down: 1\r\nContent-Length: 2\r\n\r\nhi");
        assertThat(stream.readMessage()).isEqualTo(OK);
      }
    }
  }

  @Test
  void aFinOfTheGatewayCancelsTheLocalRequestAtOnce() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        stream.halfClose();
        assertThat(app.awaitEnd()).isNotNull();
        assertThat(stream.readToEnd()).isEmpty();
      }
    }
  }

  @Test
  void aResponseThatEndsByCloseIsFramedInChunks() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello");
      }
      assertThat(stream.readHead())
          .isEqualTo("HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
      assertThat(stream.readUntil("0\r\n\r\n")).isEqualTo("5\r\nhello\r\n0\r\n\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Content-Length: 10\r\n\r\nhell", "Transfer-Encoding: chunked\r\n\r\n5\r\nhell"})
  void anAppThatDiesInTheMiddleOfABodyEndsTheStreamInsideTheFraming(String framing) {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("HTTP/1.1 200 OK\r\n" + framing);
      }
      assertThat(stream.readToEnd()).isEqualTo("HTTP/1.1 200 OK\r\n" + framing);
    }
  }

  @Test
  void anIdleConnectionToTheAppIsUsedAgain() {
    WireServer app = WireServer.start(AppProxyTest::answerForEver);
    try (var agent = AppFixture.start(app, c -> c)) {
      for (int i = 0; i < 5; i++) {
        try (var stream = agent.stream()) {
          assertThat(stream.send(GET).readMessage()).isEqualTo(OK);
        }
      }
      assertThat(app.connections()).isEqualTo(1);
    }
  }

  private static void answerForEver(WireSocket app) {
    while (true) {
      app.readMessage();
      app.send(OK);
    }
  }

  @Test
  void anIdleConnectionEndsByItself() {
    try (var agent = AppFixture.start(c -> c.maxIdle(Duration.ofMillis(100)));
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send(OK);
        assertThat(stream.readMessage()).isEqualTo(OK);
        assertThat(app.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void noConnectionIsKeptWhereNoneIsWanted() {
    try (var agent = AppFixture.start(c -> c.maxIdleConnections(0));
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        assertThat(app.readHead()).contains("Connection: close\r\n");
        app.send(OK);
        assertThat(stream.readMessage()).isEqualTo(OK);
        assertThat(app.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more"
      })
  void aConnectionThatTheAppWillNotKeepIsNotUsedAgain(String response) {
    try (var agent = AppFixture.start()) {
      for (int i = 0; i < 2; i++) {
        try (var stream = agent.stream()) {
          stream.send(GET);
          try (var app = agent.app.accept()) {
            app.readHead();
            app.send(response);
            assertThat(stream.readMessage()).endsWith("hi");
            assertThat(app.awaitEnd()).isNotNull();
          }
        }
      }
    }
  }

  @Test
  void aRequestThatMeetsAClosedIdleConnectionIsSentAgainOnce() {
    try (var agent = AppFixture.start()) {
      WireSocket first = useOnce(agent);
      try (var stream = agent.stream()) {
        stream.send(GET);
        assertThat(first.readHead()).isEqualTo(GET);
        first.hangUp();
        try (var second = agent.app.accept()) {
          assertThat(second.readHead()).isEqualTo(GET);
          second.send(OK);
          assertThat(stream.readMessage()).isEqualTo(OK);
        }
      }
    }
  }

  @Test
  void aRequestThatCannotBeRepeatedIsNotSentAgain() {
    try (var agent = AppFixture.start()) {
      WireSocket first = useOnce(agent);
      try (var stream = agent.stream()) {
        stream.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nab");
        assertThat(first.readMessage()).endsWith("ab");
        first.hangUp();
        assertThat(stream.readMessage()).startsWith("HTTP/1.1 502 ");
      }
      assertThat(agent.app.connections()).isEqualTo(1);
    }
  }

  /// Leaves one idle connection to the app behind.
  private static WireSocket useOnce(AppFixture agent) {
    try (var stream = agent.stream()) {
      stream.send(GET);
      WireSocket app = agent.app.accept();
      app.readHead();
      app.send(OK);
      assertThat(stream.readMessage()).isEqualTo(OK);
      return app;
    }
  }

  @Test
  void anAppThatClosesWithoutAnAnswerIsReportedDown() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
      }
      assertThat(stream.readMessage()).contains("Penstock-App-Down: 1\r\n");
    }
  }

  @Test
  void theAppSeesTheHostThatThePolicySays() {
    assertThat(hostAtApp(new HostHeader.Preserve())).isEqualTo("app.test");
    assertThat(hostAtApp(new HostHeader.Rewrite())).startsWith("127.0.0.1:");
    assertThat(hostAtApp(new HostHeader.Value("shop.test"))).isEqualTo("shop.test");
  }

  private static String hostAtApp(HostHeader policy) {
    try (var agent = AppFixture.start(c -> c.hostHeader(policy));
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        String head = app.readHead();
        return head.substring(
            head.indexOf("Host: ") + 6, head.indexOf("\r\n", head.indexOf("Host: ")));
      }
    }
  }

  @Test
  void aPathInTheTargetStandsBeforeEveryPath() {
    WireServer server = WireServer.start();
    URI target = URI.create("http://127.0.0.1:" + server.port() + "/base/");
    try (var agent = AppFixture.to(target, server, c -> c);
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = server.accept()) {
        assertThat(app.readHead()).startsWith("GET /base/a?b HTTP/1.1\r\n");
      }
    }
  }

  @Test
  void aNameWithSeveralAddressesIsTriedAddressByAddress() {
    WireServer server = WireServer.start(AppProxyTest::answerForEver);
    URI target = URI.create("http://localhost:" + server.port());
    try (var agent = AppFixture.to(target, server, c -> c);
        var stream = agent.stream()) {
      assertThat(stream.send(GET).readMessage()).isEqualTo(OK);
    }
  }

  @Test
  void anUploadStreamsToTheAppPieceByPiece() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n");
      try (var app = agent.app.accept()) {
        app.readHead();
        stream.send("3\r\nabc\r\n");
        assertThat(app.readText(8)).isEqualTo("3\r\nabc\r\n");
        stream.send("0\r\n\r\n");
        assertThat(app.readText(5)).isEqualTo("0\r\n\r\n");
        app.send(OK);
        assertThat(stream.readMessage()).isEqualTo(OK);
      }
    }
  }

  @Test
  void anUpgradedStreamCarriesBytesUntilOneSideEnds() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(
          "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
      try (var app = agent.app.accept()) {
        assertThat(app.readHead()).contains("Connection: Upgrade\r\nUpgrade: chat\r\n");
        app.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
        assertThat(stream.readHead()).startsWith("HTTP/1.1 101 ").contains("Upgrade: chat\r\n");
        stream.send("ping");
        assertThat(app.readText(4)).isEqualTo("ping");
        app.send("pong and bye");
        app.halfClose();
        assertThat(stream.readToEnd()).isEqualTo("pong and bye");
        assertThat(app.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void theEndOfAnUpgradedStreamEndsTheAppAfterTheLastByte() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(
          "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        stream.readHead();
        stream.send("last").halfClose();
        assertThat(app.readToEnd()).isEqualTo("last");
      }
    }
  }

  @Test
  void afterTheResponseTheAgentWaitsForTheGatewayOnlySoLong() {
    try (var agent = AppFixture.start(c -> c.finishWait(Duration.ofMillis(200)));
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send(OK);
        assertThat(stream.readToEnd()).isEqualTo(OK);
      }
    }
  }

  @Test
  void theStreamStaysOpenUntilTheGatewayEndsIt() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send(OK);
        assertThat(stream.readMessage()).isEqualTo(OK);
        stream.send("ignored").halfClose();
        assertThat(stream.awaitEnd()).isNotNull();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"
      })
  void aMalformedRequestOnAStreamIsRefused(String request) {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      assertThat(stream.send(request).readMessage()).startsWith("HTTP/1.1 400 ");
      assertThat(agent.app.connections()).isZero();
    }
  }

  @Test
  void anAnswerThatIsNoHttpIsABadGateway() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send(GET);
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("SSH-2.0-x\r\n\r\n");
        assertThat(stream.readMessage())
            .startsWith("HTTP/1.1 502 ")
            .doesNotContain("Penstock-App-Down");
        assertThat(app.awaitEnd()).isNotNull();
      }
    }
  }

  @Test
  void anAppThatRefusesAnUploadBeforeItHasReadItIsHeard() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      stream.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000000\r\n\r\n");
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
        assertThat(stream.readMessage()).startsWith("HTTP/1.1 413 ").endsWith("no");
        assertThat(app.awaitEnd()).isNotNull();
      }
    }
  }

  @RepeatedTest(20)
  void theAnswerOfAnAppThatClosesOnAnUploadIsNotLost() {
    try (var agent = AppFixture.start();
        var stream = agent.stream()) {
      Thread upload = Thread.startVirtualThread(() -> upload(stream));
      try (var app = agent.app.accept()) {
        app.readHead();
        app.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
      }
      assertThat(stream.readMessage()).startsWith("HTTP/1.1 413 ").endsWith("no");
      stream.hangUp();
      await().until(() -> !upload.isAlive());
    }
  }

  private static void upload(WireSocket stream) {
    try {
      stream.send("PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000000\r\n\r\n");
      stream.send(new byte[100_000_000]);
    } catch (UncheckedIOException e) {
      // The gateway's end of the stream was closed in the middle, as the test wants.
    }
  }
}
