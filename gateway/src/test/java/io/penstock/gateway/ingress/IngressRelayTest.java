package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.ingress.IngressFixture.Loops;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What passes between a visitor and an agent, both played byte by byte.
class IngressRelayTest {

  private static final String GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

  private static void answer(WireSocket stream, String response) {
    stream.readHead();
    stream.send(response);
    stream.awaitEnd();
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aRequestGoesToTheAgentAndItsResponseComesBack(Loops loops) {
    try (var gateway = new IngressFixture(IngressConfig.DEFAULT, loops, WireServer.start());
        var visitor = gateway.visit()) {
      visitor.send("GET /x?y=1 HTTP/1.1\r\nHost: APP.test:8000\r\nA: b\r\n\r\n");
      try (var stream = gateway.agent.accept()) {
        assertThat(stream.readHead())
            .startsWith("GET /x?y=1 HTTP/1.1\r\nHost: APP.test:8000\r\nA: b\r\n");
        stream.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nB: c\r\n\r\nhello");
        assertThat(visitor.readMessage())
            .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nB: c\r\n\r\nhello");
        assertThat(stream.awaitEnd()).isEqualTo(WireSocket.End.FIN);
      }
      await().until(() -> gateway.finished.get() == 1);
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void manyRequestsFollowEachOtherOnOneConnection(Loops loops) {
    WireServer agent =
        WireServer.start(s -> answer(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
    try (var gateway = new IngressFixture(IngressConfig.DEFAULT, loops, agent);
        var visitor = gateway.visit()) {
      for (int i = 0; i < 200; i++) {
        assertThat(visitor.send(GET).readMessage()).endsWith("\r\n\r\nhi");
      }
      await().untilAsserted(() -> assertThat(gateway.finished).hasValue(200));
      assertThat(gateway.counters.responses(2)).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aLargeDownloadArrivesWhole(Loops loops) {
    byte[] body = new byte[20 << 20];
    ThreadLocalRandom.current().nextBytes(body);
    WireServer agent =
        WireServer.start(
            s -> {
              s.readHead();
              s.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
              s.send(body);
              s.awaitEnd();
            });
    try (var gateway = new IngressFixture(IngressConfig.DEFAULT, loops, agent);
        var visitor = gateway.visit()) {
      visitor.send(GET).readHead();
      assertThat(visitor.readBytes(body.length)).isEqualTo(body);
      assertThat(visitor.send(GET).readHead()).startsWith("HTTP/1.1 200");
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aLargeUploadArrivesWhole(Loops loops) {
    byte[] body = new byte[20 << 20];
    ThreadLocalRandom.current().nextBytes(body);
    try (var gateway = new IngressFixture(IngressConfig.DEFAULT, loops, WireServer.start());
        var visitor = gateway.visit()) {
      Thread.startVirtualThread(
          () ->
              visitor
                  .send(
                      "PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: "
                          + body.length
                          + "\r\n\r\n")
                  .send(body));
      try (var stream = gateway.agent.accept()) {
        stream.readHead();
        assertThat(stream.readBytes(body.length)).isEqualTo(body);
        stream.send("HTTP/1.1 204 No Content\r\n\r\n");
        assertThat(visitor.readHead()).startsWith("HTTP/1.1 204 No Content\r\n");
      }
    }
  }

  @Test
  void nothingIsThereWithoutARouteOrAnAgent() {
    try (var gateway = IngressFixture.start();
        var visitor = gateway.visit()) {
      assertThat(visitor.send("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n").readMessage())
          .startsWith("HTTP/1.1 404 Not Found\r\n")
          .contains("Penstock-Error: no_route\r\n");
      gateway.agentThere = false;
      assertThat(visitor.send(GET).readMessage())
          .startsWith("HTTP/1.1 503 Service Unavailable\r\n")
          .contains("Penstock-Error: no_agent\r\n");
    }
  }
}
