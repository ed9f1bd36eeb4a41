package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The answers that the gateway gives itself.
class ErrorPageTest {

  private static final String GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "text/html,application/json;q=0.9 | html",
        "application/json | json",
        "application/problem+json, */* | json",
        "*/* | html",
        "x | html"
      })
  void isHtmlOrJsonByAccept(String accept, String kind) {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          "GET / HTTP/1.1\r\nHost: no.test\r\nAccept: " + accept + "\r\nX-Request-Id: id7\r\n\r\n");
      String page = visitor.readMessage();
      if (kind.equals("json")) {
        assertThat(page)
            .contains("Content-Type: application/json\r\n")
            .contains("\r\n\r\n{\"code\":\"no_route\",\"status\":404,")
            .contains("\"requestId\":\"id7\"}");
      } else {
        assertThat(page)
            .contains("Content-Type: text/html; charset=utf-8\r\n")
            .contains("<code>no_route</code>", "request id7<");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/html", "application/json"})
  void reflectsNothingOfTheRequest(String accept) {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          "GET /<script>?<script> HTTP/1.1\r\nHost: no.test\r\nCookie: secret=1\r\nAccept: "
              + accept
              + "\r\n"
              + "X-Request-Id: <script>alert(1)</script>\r\n"
              + "Authorization: Basic c2VjcmV0\r\n\r\n");
      assertThat(visitor.readMessage())
          .startsWith("HTTP/1.1 404 ")
          .doesNotContain("script", "secret", "no.test", "c2VjcmV0");
    }
  }

  @Test
  void aPageForHeadHasNoBodyAndTheConnectionGoesOn() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("HEAD / HTTP/1.1\r\nHost: no.test\r\n\r\n");
      assertThat(visitor.readHead()).startsWith("HTTP/1.1 404 ").contains("Content-Length: ");
      visitor.send("HEAD / HTTP/1.1\r\nHost: no.test\r\n\r\n");
      assertThat(visitor.readHead()).startsWith("HTTP/1.1 404 ");
    }
  }

  @Test
  void anAgentOfOurOwnMaySayThatItsAppIsDown() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(
            "HTTP/1.1 502 Bad Gateway\r\nPenstock-App-Down: 1\r\nContent-Length: 2\r\n\r\nno");
        assertThat(visitor.readMessage())
            .startsWith("HTTP/1.1 502 Bad Gateway\r\n")
            .contains("Penstock-Error: app_down\r\n");
        assertThat(stream.awaitEnd()).isNotNull();
      }
    }
  }

  @Test
  void anyOtherAgentIsNotBelieved() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      gateway.ownProtocol = false;
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\nPenstock-App-Down: 1\r\nContent-Length: 2\r\n\r\nhi");
        assertThat(visitor.readMessage())
            .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
      }
    }
  }

  @Test
  void anAgentThatEndsTheStreamBeforeItAnsweredIsLost() {
    try (var gateway = IngressFixture.answering(WireSocket::readHead);
        var visitor = gateway.visit()) {
      assertThat(visitor.send(GET).readMessage())
          .startsWith("HTTP/1.1 502 ")
          .contains("Penstock-Error: agent_lost\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hello\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n"
      })
  void whatIsNoResponseIsNotPassedOn(String response) {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(response);
        assertThat(visitor.readMessage())
            .startsWith("HTTP/1.1 502 ")
            .contains("Penstock-Error: bad_response\r\n");
        assertThat(stream.awaitEnd()).isNotNull();
      }
    }
  }

  @Test
  void anAgentThatDoesNotAnswerInTimeIsATimeout() {
    var config = IngressConfig.builder().responseTimeout(Duration.ofMillis(200)).build();
    try (var gateway = IngressFixture.start(config);
        var visitor = gateway.visit()) {
      visitor.send(GET);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(visitor.readMessage())
            .startsWith("HTTP/1.1 504 Gateway Timeout\r\n")
            .contains("Penstock-Error: timeout\r\n");
        assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
      }
    }
  }

  @Test
  void aStreamThatCannotBeOpenedIsTriedOnAnotherAgent() {
    try (var gateway =
            IngressFixture.answering(
                s -> {
                  s.readHead();
                  s.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
                  s.awaitEnd();
                });
        var visitor = gateway.visit()) {
      gateway.failingOpens.set(2);
      assertThat(visitor.send(GET).readMessage()).endsWith("hi");
      assertThat(gateway.chosen).hasValue(3);
      gateway.failingOpens.set(3);
      assertThat(visitor.send(GET).readMessage()).contains("Penstock-Error: no_agent\r\n");
      await().untilAsserted(() -> assertThat(gateway.finished).hasValue(gateway.chosen.get()));
    }
  }

  @Test
  void aHeadThatIsTooLargeIsRefused() {
    try (var gateway = IngressFixture.start()) {
      try (var visitor = gateway.visit()) {
        visitor.send("GET / HTTP/1.1\r\nHost: app.test\r\nA: " + "b".repeat(70_000) + "\r\n\r\n");
        assertThat(visitor.readMessage()).startsWith("HTTP/1.1 431 ");
      }
      try (var visitor = gateway.visit()) {
        visitor.send("GET / HTTP/1.1\r\nHost: app.test\r\n" + "A: b\r\n".repeat(300) + "\r\n");
        assertThat(visitor.readMessage()).startsWith("HTTP/1.1 431 ");
      }
      try (var visitor = gateway.visit()) {
        visitor.send("GET /" + "b".repeat(20_000) + " HTTP/1.1\r\nHost: app.test\r\n\r\n");
        assertThat(visitor.readMessage()).startsWith("HTTP/1.1 414 ");
      }
      try (var visitor = gateway.visit()) {
        visitor.send("GET /" + "b".repeat(100_000));
        assertThat(visitor.readMessage()).startsWith("HTTP/1.1 414 ");
      }
    }
  }

  @Test
  void aBodyThatIsTooLargeIsRefused() {
    var config = IngressConfig.builder().maxBodyBytes(10).build();
    try (var gateway = IngressFixture.start(config)) {
      try (var visitor = gateway.visit()) {
        visitor.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 11\r\n\r\n");
        assertThat(visitor.readToEnd()).startsWith("HTTP/1.1 413 ");
      }
      try (var visitor = gateway.visit()) {
        visitor.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        try (var stream = gateway.agent.accept()) {
          stream.readHead();
          visitor.send("8\r\n12345678\r\n8\r\n12345678\r\n");
          assertThat(visitor.readToEnd()).startsWith("HTTP/1.1 413 ");
          assertThat(stream.awaitEnd()).isEqualTo(End.FIN);
        }
      }
    }
  }
}
