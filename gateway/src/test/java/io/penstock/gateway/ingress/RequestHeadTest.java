package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.wire.WireSocket;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What an agent gets to see of a visitor's request head, and a visitor of a response head.
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class RequestHeadTest {

  private static String headAtAgent(IngressFixture gateway, String fields) {
    try (var visitor = gateway.visit()) {
      visitor.send("GET / HTTP/1.1\r\nHost: app.test\r\n" + fields + "\r\n");
      try (var stream = gateway.agent.accept()) {
        return stream.readHead();
      }
    }
  }

  private static String headAtVisitor(IngressFixture gateway, String request, String response) {
    try (var visitor = gateway.visit()) {
      visitor.send(request);
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send(response);
        return visitor.readHead();
      }
    }
  }

  private static String headAtVisitor(IngressFixture gateway, String fields) {
    return headAtVisitor(
        gateway,
        "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n");
  }

  private static IngressFixture trusting(String proxy) {
    return IngressFixture.start(IngressConfig.builder().trustedProxies(List.of(proxy)).build());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Connection: keep-alive",
        "Connection: close",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic eDp5",
        "Proxy-Authenticate: Basic",
        "TE: gzip",
        "Upgrade: websocket",
        "Connection: x, X-Secret\r\nX-Secret: y",
        "Connection: Cookie\r\nConnection: x-secret\r\nX-SECRET: y\r\nCookie: z",
        "X_Forwarded_For: 6.6.6.6",
        "Content_Length: 5",
        "Penstock-App-Down: 1"
      })
  void fieldsOfTheConnectionStayOnIt(String fields) {
    try (var gateway = IngressFixture.start()) {
      String head = headAtAgent(gateway, fields + "\r\nX-Kept: yes\r\n");

      assertThat(head).contains("\r\nX-Kept: yes\r\n");
      for (String line : fields.split("\r\n", -1)) {
        assertThat(head.toLowerCase(Locale.ROOT)).doesNotContain(line.toLowerCase(Locale.ROOT));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Keep-Alive: timeout=5", "Connection: x\r\nX: y", "Upgrade: h2c"})
  void fieldsOfTheAgentsConnectionStayOnIt(String fields) {
    try (var gateway = IngressFixture.start()) {
      assertThat(headAtVisitor(gateway, fields + "\r\n"))
          .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  }

  @Test
  void connectionCannotTakeAwayWhatFramesTheMessage() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send(
          "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n"
              + "Connection: content-length, host\r\n\r\nhi");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readMessage())
            .contains("Host: app.test\r\n", "Content-Length: 2\r\n")
            .endsWith("\r\n\r\nhi");
      }
    }
  }

  @Test
  void trailersMayBeAskedFor() {
    try (var gateway = IngressFixture.start()) {
      assertThat(headAtAgent(gateway, "TE: gzip, trailers\r\nConnection: te\r\n"))
          .contains("\r\nTE: trailers\r\n");
    }
  }

  @Test
  void forwardedFieldsOfAStrangerAreReplaced() {
    try (var gateway = IngressFixture.start()) {
      String head =
          headAtAgent(
              gateway,
              "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
                  + "X-Forwarded-Host: evil.test\r\nForwarded: for=6.6.6.6\r\n"
                  + "X-Real-IP: 6.6.6.6\r\nX-Forwarded-Port: 666\r\nX-Forwarded-Server: evil\r\n");

      assertThat(head)
          .contains("\r\nX-Forwarded-For: 127.0.0.1\r\n")
          .contains("\r\nX-Forwarded-Proto: http\r\n")
          .contains("\r\nX-Forwarded-Host: app.test\r\n")
          .contains("\r\nForwarded: for=127.0.0.1;host=\"app.test\";proto=http\r\n")
          .doesNotContain("666", "6.6.6.6", "evil");
    }
  }

  @Test
  void forwardedFieldsOfATrustedProxyAreAppendedTo() {
    try (var gateway = trusting("127.0.0.0/8")) {
      String head =
          headAtAgent(
              gateway,
              "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\n"
                  + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n"
                  + "Forwarded: for=9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\n");

      assertThat(head)
          .contains("\r\nX-Forwarded-For: 9.9.9.9, 8.8.8.8, 127.0.0.1\r\n")
          .contains("\r\nX-Forwarded-Proto: https\r\n")
          .contains("\r\nX-Forwarded-Host: shop.test\r\n")
          .contains("\r\nX-Real-IP: 9.9.9.9\r\n")
          .contains("\r\nForwarded: for=9.9.9.9, for=127.0.0.1;host=\"app.test\";proto=http\r\n");
    }
  }

  @Test
  void anotherProxyIsNotTrusted() {
    try (var gateway = trusting("10.0.0.0/8")) {
      assertThat(headAtAgent(gateway, "X-Forwarded-For: 9.9.9.9\r\n"))
          .contains("\r\nX-Forwarded-For: 127.0.0.1\r\n");
    }
  }

  @Test
  void aSaneRequestIdIsKept() {
    try (var gateway = IngressFixture.start()) {
      assertThat(headAtAgent(gateway, "X-Request-Id: a-1_2:3\r\n"))
          .contains("\r\nX-Request-Id: a-1_2:3\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "X-Request-Id: <b>\r\n", "X-Request-Id: a b\r\n"})
  void anyOtherRequestIdIsMadeAnew(String field) {
    try (var gateway = IngressFixture.start()) {
      assertThat(headAtAgent(gateway, field)).containsPattern("\r\nX-Request-Id: [0-9a-f]{32}\r\n");
    }
  }

  @Test
  void anAbsoluteTargetBecomesAPathAndItsHost() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("GET http://APP.test:81/x?y HTTP/1.1\r\nHost: other.test\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readHead())
            .startsWith("GET /x?y HTTP/1.1\r\nHost: APP.test:81\r\n")
            .doesNotContain("other.test");
      }
    }
  }

  @Test
  void theReasonPhraseMayBeMissing() {
    try (var gateway = IngressFixture.start()) {
      assertThat(
              headAtVisitor(
                  gateway,
                  "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
                  "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n"))
          .startsWith("HTTP/1.1 299 \r\n");
    }
  }

  @Test
  void aVisitorThatWantsTheConnectionClosedGetsItClosed() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        stream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        assertThat(visitor.readToEnd())
            .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
      }
    }
  }

  @Test
  void aVisitorOfVersionOneZeroGetsAPlainBodyThatEndsWithTheConnection() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      visitor.send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readHead()).startsWith("GET / HTTP/1.1\r\n");
        stream.send(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
        assertThat(visitor.readToEnd())
            .isEqualTo("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde");
      }
    }
  }

  @Test
  void aVisitorOfVersionOneZeroMayKeepTheConnection() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      for (int i = 0; i < 2; i++) {
        visitor.send("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n");
        try (var stream = gateway.agent.accept()) {
          stream.readHead();
          stream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
          assertThat(visitor.readMessage()).contains("Connection: keep-alive\r\n").endsWith("hi");
        }
      }
    }
  }

  @Test
  void aResponseWithoutABodyHasNone() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      String[][] cases = {
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
        {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n"}
      };
      for (String[] each : cases) {
        visitor.send(each[0] + " / HTTP/1.1\r\nHost: app.test\r\n\r\n");
        try (WireSocket stream = gateway.agent.accept()) {
          stream.readHead();
          stream.send(each[1]);
          assertThat(visitor.readHead()).isEqualTo(each[1]);
          assertThat(stream.awaitEnd()).isEqualTo(WireSocket.End.FIN);
        }
      }
    }
  }
}
