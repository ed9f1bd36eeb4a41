package io.penstock.node.agent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.testkit.wire.WireServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A stream from the gateway on one side, the local app on the other, both played byte by byte.
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
}
