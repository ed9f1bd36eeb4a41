package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.gateway.ingress.RoundTrip.Request;
import io.penstock.gateway.ingress.RoundTripException.Reason;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A request of the embedder's own, answered by an agent that is played byte by byte.
class RoundTripTest {

  private static final Request GET = Request.of("GET", "app.test", "/x?y");

  private static RoundTrip roundTrip(IngressFixture gateway) {
    return gateway.roundTrip();
  }

  @Test
  void theResponseComesBackWithItsFieldsAndBody() throws Exception {
    try (var gateway =
        IngressFixture.answering(
            s -> {
              String head = s.readHead();
              s.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 201 Created\r\nA: b\r\n");
              s.send("Content-Length: " + head.length() + "\r\n\r\n" + head);
              s.awaitEnd();
            })) {
      try (var response = roundTrip(gateway).send(GET.with("C", "d"))) {
        assertThat(response.status()).isEqualTo(201);
        assertThat(response.field("a")).contains("b");
        assertThat(new String(response.body().readAllBytes(), StandardCharsets.US_ASCII))
            .isEqualTo("GET /x?y HTTP/1.1\r\nHost: app.test\r\nC: d\r\n\r\n");
      }
      await().untilAsserted(() -> assertThat(gateway.finished).hasValue(1));
    }
  }

  @Test
  void anAgentThatHasJustLeftIsPassedOverForAnother() throws Exception {
    try (var gateway =
        IngressFixture.answering(
            s -> {
              s.readHead();
              s.send("HTTP/1.1 204 No Content\r\n\r\n");
              s.awaitEnd();
            })) {
      gateway.failingOpens.set(2);
      try (var response = roundTrip(gateway).send(GET)) {
        assertThat(response.status()).isEqualTo(204);
      }
      assertThat(gateway.chosen).hasValue(3);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {10 << 20, Request.UNKNOWN_LENGTH})
  void aLargeBodyGoesThereAndBack(long length) throws Exception {
    byte[] body = new byte[10 << 20];
    ThreadLocalRandom.current().nextBytes(body);
    try (var gateway = IngressFixture.start()) {
      CompletableFuture<byte[]> received = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> received.complete(echo(gateway.agent.accept(), length, body)));
      Request request =
          new Request("PUT", "app.test:80", "/", List.of(), new ByteArrayInputStream(body), length);
      try (var response = roundTrip(gateway).send(request)) {
        assertThat(response.body().readAllBytes()).isEqualTo(body);
      }
      assertThat(received.get()).isEqualTo(body);
    }
  }

  private static byte[] echo(WireSocket stream, long length, byte[] body) {
    stream.readHead();
    byte[] got = length >= 0 ? stream.readBytes((int) length) : unchunk(stream, body.length);
    stream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int at = 0; at < body.length; at += 1 << 20) {
      stream.send("100000\r\n").send(Arrays.copyOfRange(body, at, at + (1 << 20))).send("\r\n");
    }
    stream.send("0\r\n\r\n").awaitEnd();
    return got;
  }

  private static byte[] unchunk(WireSocket stream, int expected) {
    byte[] all = new byte[expected];
    int at = 0;
    while (true) {
      int size = Integer.parseInt(stream.readUntil("\r\n").strip(), 16);
      System.arraycopy(stream.readBytes(size), 0, all, at, size);
      stream.readText(2);
      at += size;
      if (size == 0) {
        return all;
      }
    }
  }

  @Test
  void withoutARouteOrAnAgentThereIsANamedError() {
    try (var gateway = IngressFixture.start()) {
      assertReason(gateway, Request.of("GET", "no.test", "/"), Reason.NO_ROUTE);
      gateway.agentThere = false;
      assertReason(gateway, GET, Reason.NO_AGENT);
      gateway.agentThere = true;
      gateway.failingOpens.set(VisitorExchange.MAX_OPENS);
      assertReason(gateway, GET, Reason.NO_AGENT);
    }
  }

  private static void assertReason(IngressFixture gateway, Request request, Reason reason) {
    assertThatThrownBy(() -> roundTrip(gateway).send(request))
        .isInstanceOfSatisfying(
            RoundTripException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @ParameterizedTest
  @CsvSource({
    "AGENT_LOST, ''",
    "BAD_RESPONSE, 'nonsense\\r\\n\\r\\n'",
    "APP_DOWN, 'HTTP/1.1 502 x\\r\\nPenstock-App-Down: 1\\r\\nContent-Length: 0\\r\\n\\r\\n'"
  })
  void anAnswerThatIsNoneIsANamedError(Reason reason, String answer) {
    try (var gateway =
        IngressFixture.answering(
            s -> {
              s.readHead();
              s.send(answer.translateEscapes());
            })) {
      assertReason(gateway, GET, reason);
    }
  }

  @Test
  void anAnswerThatDoesNotComeInTimeIsANamedErrorAndEndsTheStream() {
    var config = IngressConfig.builder().responseTimeout(Duration.ofMillis(200)).build();
    try (var gateway = IngressFixture.start(config)) {
      CompletableFuture<End> end = new CompletableFuture<>();
      Thread.startVirtualThread(() -> end.complete(gateway.agent.accept().awaitEnd()));
      assertReason(gateway, GET, Reason.TIMEOUT);
      assertThat(end.join()).isEqualTo(End.FIN);
    }
  }

  @Test
  void theResponseLimitCountsFromWhenTheStreamHasTakenTheRequest() throws Exception {
    var config = IngressConfig.builder().responseTimeout(Duration.ofMillis(800)).build();
    try (var gateway = IngressFixture.start(config)) {
      Valve valve = new Valve();
      gateway.valve = valve;
      Thread.startVirtualThread(
          () -> {
            valve.awaitWrites(2);
            for (int piece = 0; piece < 2; piece++) {
              long until = System.nanoTime() + Duration.ofMillis(500).toNanos();
              await().until(() -> System.nanoTime() > until);
              valve.passOne();
            }
            try (var stream = gateway.agent.accept()) {
              stream.readHead();
              stream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + stream.readText(1));
              stream.awaitEnd();
            }
          });
      byte[] body = {'x'};
      Request request =
          new Request("PUT", "app.test", "/", List.of(), new ByteArrayInputStream(body), 1);
      try (var response = roundTrip(gateway).send(request)) {
        assertThat(response.body().readAllBytes()).isEqualTo(body);
      }
    }
  }

  @Test
  void aBodyThatEndsInsideItsFramingIsCutShort() throws Exception {
    try (var gateway =
        IngressFixture.answering(
            s -> {
              s.readHead();
              s.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell");
            })) {
      try (var response = roundTrip(gateway).send(GET)) {
        assertThat(response.body().readNBytes(4)).hasSize(4);
        assertThatThrownBy(() -> response.body().read())
            .isInstanceOfSatisfying(
                RoundTripException.class, e -> assertThat(e.reason()).isEqualTo(Reason.CUT_SHORT));
      }
    }
  }

  @Test
  void closingAResponseEndsTheStream() throws Exception {
    try (var gateway = IngressFixture.start()) {
      CompletableFuture<End> end = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            WireSocket stream = gateway.agent.accept();
            stream.readHead();
            stream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell");
            end.complete(stream.awaitEnd());
          });
      try (var response = roundTrip(gateway).send(GET)) {
        assertThat(response.status()).isEqualTo(200);
      }
      assertThat(end.get()).isEqualTo(End.FIN);
    }
  }

  @Test
  void aBodyThatCannotBeReadEndsTheStream() {
    try (var gateway = IngressFixture.start()) {
      CompletableFuture<End> end = new CompletableFuture<>();
      Thread.startVirtualThread(() -> end.complete(gateway.agent.accept().awaitEnd()));
      assertThatThrownBy(
              () ->
                  roundTrip(gateway).send(GET.withBody(new ByteArrayInputStream(new byte[3]), 10)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("7 bytes early");
      assertThat(end.join()).isEqualTo(End.FIN);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"A b", "", "A\r\nB"})
  void whatIsNoFieldIsRefused(String name) {
    assertThatThrownBy(() -> GET.with(name, "x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> GET.with("X", "a\r\nb: " + name))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> GET.with("Content-Length", "1"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
