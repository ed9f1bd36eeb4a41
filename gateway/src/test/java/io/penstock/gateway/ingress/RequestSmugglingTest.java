package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.wire.WireSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// Every request that two parsers could read in two ways is refused and its connection closed.
///
/// The table has what the public collections of such requests have in common; escapes are those of
/// Java strings.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestSmugglingTest {

  private IngressFixture gateway;

  @BeforeAll
  void start() {
    gateway =
        IngressFixture.answering(
            stream -> {
              stream.readHead();
              stream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
              stream.awaitEnd();
            });
  }

  @AfterAll
  void stop() {
    gateway.close();
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(
      resources = "/vectors/request-smuggling.csv",
      delimiter = '|',
      maxCharsPerColumn = 8192)
  void isRefusedAndTheConnectionCloses(String name, int status, String escaped) {
    try (var visitor = gateway.visit()) {
      visitor.send(escaped.translateEscapes());
      String response = visitor.readToEnd();
      assertThat(response).as(name).startsWith("HTTP/1.1 " + status + " ");
      assertThat(response).contains("Connection: close\r\n").doesNotContain("\r\n\r\nhi");
      assertThat(response.split("HTTP/1.1 \\d\\d\\d ", -1)).as("responses").hasSize(2);
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "/vectors/request-lenient.csv", delimiter = '|')
  void isServed(String name, String escaped) {
    try (var visitor = gateway.visit()) {
      visitor.send(escaped.translateEscapes());
      assertThat(visitor.readMessage()).as(name).startsWith("HTTP/1.1 200 OK").endsWith("hi");
    }
  }

  @Test
  void whatFollowsARefusedRequestIsNotServed() {
    try (WireSocket visitor = gateway.visit()) {
      int before = gateway.chosen.get();
      visitor.send(
          """
          POST / HTTP/1.1\r
          Host: app.test\r
          Content-Length: 4\r
          Transfer-Encoding: chunked\r
          \r
          0\r
          \r
          GET /smuggled HTTP/1.1\r
          Host: app.test\r
          \r
          """);
      assertThat(visitor.readToEnd()).startsWith("HTTP/1.1 400 ");
      assertThat(gateway.chosen).hasValue(before);
    }
  }
}
