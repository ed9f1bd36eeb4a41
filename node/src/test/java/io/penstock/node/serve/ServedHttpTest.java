package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static io.penstock.node.serve.ServeFixture.get;
import static io.penstock.node.serve.ServeFixture.site;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// HTTP on a served port, over our own TCP.
@ExtendWith(LeakCheck.class)
@SuppressWarnings("StringConcatToTextBlock") // each line of a head ends visibly
class ServedHttpTest {

  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  private static HttpHandler proxy(WireServer app) {
    return HttpHandler.proxyTo("http://127.0.0.1:" + app.port());
  }

  @Test
  void a_text_is_the_answer() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(site(80, Map.of("/", HttpHandler.textOf("grüß dich"))));
      assertThat(node.ask(80, get("/anything")))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .contains("Content-Type: text/plain; charset=utf-8\r\n", "Content-Length: 11\r\n");
    }
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/redirect-locations.csv", delimiter = '|')
  void a_redirect_sends_the_visitor_on(
      String redirect, String host, String request, int status, String location) throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(
          ServeConfig.EMPTY
              .withPort(80, TcpPortHandler.toHttp())
              .withHandler(host, 80, "/", HttpHandler.redirectTo(redirect)));
      assertThat(node.ask(80, "GET " + request + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
          .startsWith("HTTP/1.1 " + status + " ")
          .contains("Location: " + location + "\r\n");
    }
  }

  @Test
  void an_empty_handler_is_an_error_of_the_server() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(
          ServeConfig.parse(
              """
              {"TCP":{"80":{"HTTP":true}},"Web":{"web.penstock.internal:80":{"Handlers":{"/":{}}}}}\
              """));
      assertThat(node.ask(80, get("/"))).startsWith("HTTP/1.1 500 ").endsWith("empty handler\n");
    }
  }

  // ---- hosts ----

  @Test
  void a_host_may_leave_out_the_zone_and_has_no_say_about_the_port() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(site(80, Map.of("/", HttpHandler.textOf("here"))));
      for (String host : List.of("web", "WEB", "web:80", "web:9", NAME, NAME + ".")) {
        assertThat(node.ask(80, "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
            .as(host)
            .endsWith("here");
      }
      for (String host : List.of("other", "web.example.com", "10.0.0.2", "")) {
        assertThat(node.ask(80, "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
            .as(host)
            .startsWith("HTTP/1.1 404 ");
      }
    }
  }

  @Test
  void each_request_of_a_kept_alive_connection_is_routed_anew() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(
          site(80, Map.of("/a", HttpHandler.textOf("A"), "/b", HttpHandler.textOf("B"))));
      try (WireSocket visitor = node.visit(80)) {
        assertThat(visitor.send(get("/a")).readMessage()).endsWith("A");
        assertThat(visitor.send(get("/b")).readMessage()).endsWith("B");
        assertThat(visitor.send(get("/c")).readMessage()).startsWith("HTTP/1.1 404 ");
        node.serve.set(site(80, Map.of("/a", HttpHandler.textOf("changed"))));
        assertThat(visitor.send(get("/a")).readMessage()).endsWith("changed");
        assertThat(visitor.send(get("/b")).readMessage()).startsWith("HTTP/1.1 404 ");
      }
    }
  }

  // ---- proxies ----

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/proxy-paths.csv", delimiter = '|')
  void a_proxy_asks_its_backend_for_the_right_path(
      String mount, @Nullable String targetPath, String request, String wanted) throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      String url = "http://127.0.0.1:" + app.port() + (targetPath == null ? "" : targetPath);
      node.serve.set(site(80, Map.of(mount, HttpHandler.proxyTo(url))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(get(request));
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readHead()).startsWith("GET " + wanted + " HTTP/1.1\r\n");
          backend.send(OK);
        }
        assertThat(visitor.readMessage()).endsWith("hi");
      }
    }
  }

  @Test
  void a_proxy_that_keeps_the_prefix_is_asked_for_the_whole_path() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      HttpHandler handler = proxy(app).withPenstock(new HandlerExtras(false, false, KeptJson.NONE));
      node.serve.set(site(80, Map.of("/_matrix", handler)));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(get("/_matrix/client/versions?x"));
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readHead()).startsWith("GET /_matrix/client/versions?x HTTP/1.1\r\n");
          backend.send(OK);
        }
        visitor.readMessage();
      }
    }
  }

  @Test
  void the_backend_hears_who_asks_from_us_and_never_from_the_visitor() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(site(80, Map.of("/", proxy(app))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(
            "GET / HTTP/1.1\r\n"
                + "Host: web:80\r\n"
                + "X-Forwarded-For: 1.2.3.4\r\n"
                + "X-Forwarded-Proto: https\r\n"
                + "X-Forwarded-Host: evil\r\n"
                + "Forwarded: for=evil\r\n"
                + "X-Real-IP: 1.2.3.4\r\n"
                + "Tailscale-User-Login: root\r\n"
                + "tailscale-user-name: root\r\n"
                + "Tailscale_User_Login: root\r\n"
                + "Tailscale-User-Profile-Pic: x\r\n"
                + "Tailscale-Funnel-Request: ?1\r\n"
                + "Tailscale-Headers-Info: x\r\n"
                + "Tailscale-App-Capabilities: {}\r\n"
                + "Penstock-Node: root\r\n"
                + "Accept: */*\r\n"
                + "Connection: Tailscale-User-Login, X-Forwarded-For\r\n\r\n");
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readHead())
              .isEqualTo(
                  "GET / HTTP/1.1\r\nHost: web:80\r\nAccept: */*\r\nX-Forwarded-For: 10.0.0.1\r\n"
                      + "X-Forwarded-Host: web:80\r\nX-Forwarded-Proto: http\r\n"
                      + "Tailscale-User-Login: alice\r\nTailscale-User-Name: alice\r\n"
                      + "Penstock-Node: laptop\r\n\r\n");
          backend.send(OK);
        }
        visitor.readMessage();
      }
    }
  }

  @Test
  void a_visitor_whom_nobody_knows_has_no_identity() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.ports.forget();
      node.serve.set(site(80, Map.of("/", proxy(app))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(get("/"));
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readHead())
              .contains("X-Forwarded-For: 10.0.0.1\r\n")
              .doesNotContain("Tailscale", "Penstock");
          backend.send(OK);
        }
        visitor.readMessage();
      }
    }
  }

  @ParameterizedTest
  @CsvFileSource(resources = "/serve/header-values.csv", delimiter = '|')
  void a_name_in_a_header_is_ascii(String name, String value) {
    assertThat(HeaderText.encode(name)).isEqualTo(value);
  }

  @Test
  void half_a_character_is_no_name_and_a_long_one_is_several_words() {
    assertThat(HeaderText.encode("Bad\ud800name")).isEmpty();
    assertThat(HeaderText.encode("ü".repeat(30)))
        .matches("(=\\?utf-8\\?q\\?(=C3=BC)+\\?=)( =\\?utf-8\\?q\\?(=C3=BC)+\\?=)+")
        .satisfies(text -> assertThat(text.split(" ")).allMatch(word -> word.length() <= 75));
  }

  @Test
  void a_backend_that_cannot_be_reached_is_a_bad_gateway() throws Exception {
    WireServer gone = WireServer.start();
    gone.close();
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(site(80, Map.of("/", proxy(gone))));
      try (WireSocket visitor = node.visit(80)) {
        assertThat(visitor.send(get("/")).readMessage()).startsWith("HTTP/1.1 502 Bad Gateway");
        assertThat(visitor.send(get("/")).readMessage()).startsWith("HTTP/1.1 502 Bad Gateway");
      }
    }
  }

  @Test
  void an_upgraded_connection_carries_bytes_both_ways() throws Exception {
    try (ServeFixture node = ServeFixture.start();
        WireServer app = WireServer.start()) {
      node.serve.set(site(80, Map.of("/ws", proxy(app))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(
            "GET /ws/chat HTTP/1.1\r\n"
                + "Host: web\r\n"
                + "Connection: Upgrade\r\n"
                + "Upgrade: websocket\r\n\r\n"
                + "ping");
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readHead())
              .startsWith("GET /chat ")
              .contains("Connection: Upgrade\r\nUpgrade: websocket\r\n");
          backend.send(
              "HTTP/1.1 101 Switching Protocols\r\n"
                  + "Connection: Upgrade\r\n"
                  + "Upgrade: websocket\r\n\r\n"
                  + "hello");
          assertThat(visitor.readHead()).startsWith("HTTP/1.1 101 ");
          assertThat(visitor.readText(5)).isEqualTo("hello");
          assertThat(backend.readText(4)).isEqualTo("ping");
          visitor.send("more");
          assertThat(backend.readText(4)).isEqualTo("more");
        }
        assertThat(visitor.readToEnd()).isEmpty();
      }
    }
  }

  // ---- the embedder ----

  @Test
  void a_request_may_be_handed_to_the_embedder() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      AcceptedConnections accepted = node.serve.set(site(80, Map.of("/own", HttpHandler.accept())));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(get("/own/thing?q"));
        AcceptedConnection connection =
            accepted.poll(java.time.Duration.ofSeconds(30)).orElseThrow();
        assertThat(connection.port()).isEqualTo(80);
        assertThat(connection.mount()).isEqualTo(Optional.of("/own"));
        assertThat(connection.peer()).isEqualTo(Optional.of(ServeFixture.PEER));
        EmbeddedPeer peer = EmbeddedPeer.on(connection.channel());
        assertThat(peer.readHead())
            .startsWith("GET /own/thing?q HTTP/1.1\r\n")
            .contains("Tailscale-User-Login: alice\r\n");
        peer.send(OK);
        assertThat(visitor.readMessage()).endsWith("hi");
      }
    }
  }

  @Test
  void the_end_waits_for_the_event_loop_of_what_is_handed_to_the_embedder() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      AcceptedConnections accepted = node.serve.set(site(80, Map.of("/own", HttpHandler.accept())));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send(get("/own"));
        EventLoop loop =
            accepted.poll(java.time.Duration.ofSeconds(30)).orElseThrow().channel().eventLoop();
        assertThat(loop.isShuttingDown()).isFalse();
        node.serve.close();
        assertThat(loop.isTerminated()).isTrue();
      }
    }
  }

  // ---- limits ----

  @Test
  void a_head_above_the_limit_is_refused_and_the_next_visitor_served() throws Exception {
    try (ServeFixture node = ServeFixture.start()) {
      node.serve.set(site(80, Map.of("/", HttpHandler.textOf("ok"))));
      try (WireSocket visitor = node.visit(80)) {
        visitor.send("GET / HTTP/1.1\r\nHost: web\r\nX: " + "x".repeat(9000) + "\r\n\r\n");
        assertThat(visitor.readMessage()).startsWith("HTTP/1.1 431 ");
      }
      assertThat(node.ask(80, get("/"))).endsWith("ok");
    }
  }
}
