package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.get;
import static io.penstock.node.serve.ServeFixture.secureSite;
import static io.penstock.node.serve.ServeFixture.site;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Visitors who mean no good: bounded in what they can hold, and no harm to anybody else.
@ExtendWith(LeakCheck.class)
@Timeout(180)
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class HostileServedVisitorTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static ServeConfig text() {
    return site(80, Map.of("/", HttpHandler.textOf("ok")));
  }

  @Test
  void a_slow_head_ends_at_the_limit_and_a_silent_connection_too() throws Exception {
    try (ServeFixture node =
        ServeFixture.start(limits -> limits.headTimeout(Duration.ofMillis(300)))) {
      node.serve.set(text());
      try (WireSocket slow = node.visit(80).send("GET / HTTP/1.1\r\nHost:");
          WireSocket silent = node.visit(80)) {
        assertThat(slow.readMessage()).startsWith("HTTP/1.1 408 ");
        assertThat(silent.readToEnd()).isEmpty();
      }
      assertThat(node.ask(80, get("/"))).endsWith("ok");
    }
  }

  @Test
  void silent_handshakes_that_fill_a_port_make_room_again() throws Exception {
    try (ServeFixture node =
        ServeFixture.start(
            limits -> limits.maxConnections(4).handshakeTimeout(Duration.ofMillis(500)))) {
      node.serve.set(secureSite(443, Map.of("/", HttpHandler.textOf("ok"))));
      List<WireSocket> silent = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        silent.add(node.visit(443));
      }
      for (WireSocket each : silent) {
        assertThat(each.awaitEnd()).isNotNull();
        each.close();
      }
      await().atMost(LIMIT).until(() -> node.serve.connections(443) == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\nHost: web\n\n",
        "GET / HTTP/1.1\r\n"
            + "Host: web\r\n"
            + "Content-Length: 1\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: web\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "GET / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: web\r\nHost: other\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: web\r\n X: folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : web\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: web\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: web\r\n\r\n",
        "CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n"
      })
  void what_two_parsers_could_read_in_two_ways_reaches_no_backend(String request) throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(site(80, Map.of("/", HttpHandler.proxyTo("127.0.0.1:" + app.port()))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(request);
        assertThat(visitor.readMessage()).matches("(?s)HTTP/1.1 (400|505) .*");
        assertThat(visitor.readToEnd()).isEmpty();
      }
      assertThat(app.connections()).isZero();
    }
  }

  @Test
  void garbage_in_place_of_tls_ends_its_connection_alone() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(
          secureSite(443, Map.of("/", HttpHandler.textOf("ok")))
              .withPort(80, TcpPortHandler.toHttp())
              .withHandler(ServeFixture.NAME, 80, "/", HttpHandler.textOf("ok")));
      Random random = new Random(11);
      for (int i = 0; i < 50; i++) {
        byte[] garbage = new byte[1 + random.nextInt(3000)];
        random.nextBytes(garbage);
        if (i % 2 == 0) {
          garbage[0] = 0x16;
        }
        try (WireSocket visitor = node.visit(443)) {
          visitor.send(garbage).halfClose();
          assertThat(visitor.awaitEnd()).isNotNull();
        }
      }
      assertThat(node.ask(80, get("/"))).endsWith("ok");
      await().atMost(LIMIT).until(() -> node.serve.connections(443) == 0);
    }
  }

  @Test
  void ten_thousand_half_open_requests_leave_room_for_a_good_one() throws Exception {
    try (ServeFixture node =
        ServeFixture.start(limits -> limits.headTimeout(Duration.ofSeconds(2)))) {
      node.serve.set(
          text()
              .withPort(81, TcpPortHandler.toHttp())
              .withHandler(ServeFixture.NAME, 81, "/", HttpHandler.textOf("good")));
      List<ChannelFuture> opening = new ArrayList<>();
      for (int i = 0; i < 10_000; i++) {
        opening.add(node.dial(80));
      }
      assertThat(node.ask(81, get("/"))).endsWith("good");
      assertThat(node.serve.connections(80))
          .isLessThanOrEqualTo(ServeLimits.DEFAULT_MAX_CONNECTIONS);
      int opened = 0;
      for (ChannelFuture each : opening) {
        if (each.isSuccess()) {
          opened++;
          Channel channel = each.channel();
          channel.writeAndFlush(
              channel
                  .alloc()
                  .buffer()
                  .writeBytes("GET / HTTP/1.1\r\nHost:".getBytes(StandardCharsets.US_ASCII)));
        }
      }
      assertThat(opened).isPositive();
      assertThat(node.ask(81, get("/"))).endsWith("good");
      opening.forEach(each -> each.channel().close());
      await().atMost(LIMIT).untilAsserted(() -> assertThat(node.ask(80, get("/"))).endsWith("ok"));
    }
  }

  @Test
  void a_visitor_who_takes_nothing_stops_the_backend_and_nobody_else() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(
          site(
              80,
              Map.of(
                  "/", HttpHandler.textOf("ok"),
                  "/app", HttpHandler.proxyTo("127.0.0.1:" + app.port()))));
      try (WireSocket visitor = node.visit(80).send(get("/app"));
          WireSocket backend = app.accept()) {
        backend.readHead();
        Thread sending =
            Thread.startVirtualThread(
                () -> {
                  try {
                    backend.send("HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n");
                    byte[] piece = new byte[1024 * 1024];
                    for (int i = 0; i < 256; i++) {
                      backend.send(piece);
                    }
                  } catch (java.io.UncheckedIOException _) {
                    // The visitor goes without having read.
                  }
                });
        assertThat(sending.join(Duration.ofSeconds(2))).as("256 MiB found room").isFalse();
        assertThat(node.ask(80, get("/"))).endsWith("ok");
        visitor.reset();
        assertThat(sending.join(LIMIT)).isTrue();
      }
    }
  }
}
