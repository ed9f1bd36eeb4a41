package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.get;
import static io.penstock.node.serve.ServeFixture.secureSite;
import static io.penstock.node.serve.ServeFixture.site;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.node.overlay.PortRequest;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
class ServeManagerTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private ServeFixture node;

  @BeforeEach
  void start() throws Exception {
    node = ServeFixture.start();
  }

  @AfterEach
  void close() {
    node.close();
  }

  private static ServeConfig text(int port, String text) {
    return site(port, Map.of("/", HttpHandler.textOf(text)));
  }

  private static void refused(ServeException.Reason reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ServeException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private void isRefusedByTheStack(int port) {
    assertThatThrownBy(() -> node.dial(port).sync()).isInstanceOf(java.net.ConnectException.class);
  }

  private static final class Sink extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }
  }

  // ---- all or nothing ----

  @Test
  void a_port_that_somebody_else_has_leaves_everything_as_it_was() throws Exception {
    node.serve.set(text(80, "before"));
    OverlayPort taken =
        node.ports
            .listen(PortRequest.everywhere(8080, "an app"), new Sink())
            .toCompletableFuture()
            .get();
    refused(
        ServeException.Reason.BIND,
        () ->
            node.serve.set(
                text(80, "after")
                    .withPort(7000, TcpPortHandler.accept())
                    .withPort(8080, TcpPortHandler.accept())
                    .withPort(9000, TcpPortHandler.accept())));
    assertThat(node.ask(80, get("/"))).endsWith("before");
    assertThat(node.serve.get().config()).isEqualTo(text(80, "before"));
    isRefusedByTheStack(7000);
    isRefusedByTheStack(9000);
    taken.close();
  }

  @Test
  void new_ports_wait_together_for_a_busy_event_loop() throws Exception {
    CountDownLatch busy = new CountDownLatch(1);
    node.ports.keepBusyUntil(busy);
    FutureTask<AcceptedConnections> setting =
        new FutureTask<>(
            () ->
                node.serve.set(
                    text(80, "x")
                        .withPort(7000, TcpPortHandler.accept())
                        .withPort(7001, TcpPortHandler.accept())));
    Thread.startVirtualThread(setting);
    try {
      await().atMost(LIMIT).until(() -> node.ports.requests() == 3);
    } finally {
      busy.countDown();
    }
    assertThat(setting.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isNotNull();
    assertThat(node.ask(80, get("/"))).endsWith("x");
  }

  @Test
  void a_tls_port_without_a_certificate_leaves_everything_as_it_was() throws Exception {
    node.serve.set(text(80, "before"));
    ServeConfig next =
        text(80, "after")
            .withPort(443, TcpPortHandler.toHttps())
            .withHandler("web.example.com", 443, "/", HttpHandler.textOf("x"));
    assertThatThrownBy(() -> node.serve.set(next))
        .hasMessageContaining("there is no certificate for web.example.com, which port 443 needs")
        .isInstanceOfSatisfying(
            ServeException.class,
            e -> assertThat(e.reason()).isEqualTo(ServeException.Reason.CERTIFICATE));
    assertThat(node.ask(80, get("/"))).endsWith("before");
    isRefusedByTheStack(443);
  }

  @Test
  void what_is_unsupported_fails_or_is_kept_without_effect() throws Exception {
    ServeConfig funnel =
        ServeConfig.parse(
            text(80, "x").toJson().replaceFirst("}$", ",\"AllowFunnel\":{\"a.b:443\":true}}"));
    refused(ServeException.Reason.UNSUPPORTED, () -> node.serve.set(funnel));
    node.serve.set(funnel, SetOptions.LIBRARY.ignoringUnsupported());
    assertThat(node.serve.get().config().toJson()).contains("AllowFunnel");
    assertThat(node.ask(80, get("/"))).endsWith("x");
  }

  // ---- changes ----

  @Test
  void a_port_that_is_the_same_keeps_its_connections() throws Exception {
    try (WireServer app = WireServer.start()) {
      TcpPortHandler forward = TcpPortHandler.forward("127.0.0.1:" + app.port());
      node.serve.set(ServeConfig.EMPTY.withPort(22, forward));
      try (WireSocket visitor = node.visit(22);
          WireSocket backend = app.accept()) {
        node.serve.set(text(80, "new").withPort(22, forward));
        visitor.send("still here");
        assertThat(backend.readText(10)).isEqualTo("still here");
        assertThat(node.serve.connections(22)).isEqualTo(1);
      }
    }
  }

  @Test
  void a_port_that_changed_has_its_new_target_for_new_connections() throws Exception {
    try (WireServer first = WireServer.start();
        WireServer second = WireServer.start()) {
      node.serve.set(
          ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("127.0.0.1:" + first.port())));
      try (WireSocket before = node.visit(22);
          WireSocket backend = first.accept()) {
        node.serve.set(
            ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("127.0.0.1:" + second.port())));
        try (WireSocket after = node.visit(22);
            WireSocket other = second.accept()) {
          after.send("to the second");
          assertThat(other.readText(13)).isEqualTo("to the second");
          before.send("to the first");
          assertThat(backend.readText(12)).isEqualTo("to the first");
        }
      }
    }
  }

  @Test
  void a_port_that_is_gone_refuses_new_connections_and_lets_the_others_finish() throws Exception {
    try (WireServer app = WireServer.start()) {
      node.serve.set(
          site(80, Map.of("/", HttpHandler.proxyTo("127.0.0.1:" + app.port())))
              .withPort(22, TcpPortHandler.forward("127.0.0.1:" + app.port())));
      try (WireSocket idle = node.visit(80);
          WireSocket busy = node.visit(80);
          WireSocket stream = node.visit(22)) {
        try (WireSocket streaming = app.accept()) {
          busy.send(get("/"));
          try (WireSocket answering = app.accept()) {
            answering.readHead();
            node.serve.set(ServeConfig.EMPTY);
            isRefusedByTheStack(80);
            isRefusedByTheStack(22);
            answering.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
            assertThat(busy.readMessage()).contains("Connection: close").endsWith("done");
            assertThat(busy.readToEnd()).isEmpty();
            assertThat(idle.readToEnd()).isEmpty();
          }
          stream.send("on");
          assertThat(streaming.readText(2)).isEqualTo("on");
        }
      }
    }
  }

  @Test
  void a_port_may_change_its_type_through_the_library_alone() throws Exception {
    try (WireServer app = WireServer.start(socket -> socket.send("banner"))) {
      node.serve.set(text(80, "http"));
      ServeConfig tcp =
          ServeConfig.EMPTY.withPort(80, TcpPortHandler.forward("127.0.0.1:" + app.port()));
      refused(ServeException.Reason.IN_USE, () -> node.serve.set(tcp, SetOptions.COMMAND_LINE));
      assertThat(node.ask(80, get("/"))).endsWith("http");
      node.serve.set(tcp);
      try (WireSocket visitor = node.visit(80)) {
        assertThat(visitor.readText(6)).isEqualTo("banner");
      }
    }
  }

  // ---- concurrent writers ----

  @Test
  void a_conditional_set_fails_when_somebody_else_was_faster() throws Exception {
    String empty = node.serve.get().etag();
    node.serve.set(ServeConfig.EMPTY, SetOptions.LIBRARY.ifMatch(empty));
    refused(
        ServeException.Reason.CONFLICT,
        () -> node.serve.set(ServeConfig.EMPTY, SetOptions.LIBRARY.ifMatch("abc")));
    node.serve.set(text(80, "1"), SetOptions.LIBRARY.ifMatch(empty));
    String first = node.serve.get().etag();
    refused(
        ServeException.Reason.CONFLICT,
        () -> node.serve.set(text(80, "2"), SetOptions.LIBRARY.ifMatch(empty)));
    node.serve.set(text(80, "2"), SetOptions.LIBRARY.ifMatch(first));
    refused(
        ServeException.Reason.CONFLICT,
        () -> node.serve.set(ServeConfig.EMPTY, SetOptions.LIBRARY.ifMatch(first)));
    node.serve.set(ServeConfig.EMPTY, SetOptions.LIBRARY.ifMatch(node.serve.get().etag()));
  }

  // ---- control connections ----

  @Test
  void a_block_lasts_as_long_as_its_control_connection() throws Exception {
    AtomicInteger dropped = new AtomicInteger();
    ServeManager.Control one = node.serve.control(dropped::incrementAndGet);
    ServeManager.Control two = node.serve.control(dropped::incrementAndGet);
    node.serve.set(
        text(5000, "back")
            .withForeground(one.id(), text(443, "one"))
            .withForeground(two.id(), text(999, "two")));
    assertThat(node.ask(443, get("/"))).endsWith("one");
    assertThat(node.ask(999, get("/"))).endsWith("two");
    one.close();
    one.close();
    isRefusedByTheStack(443);
    assertThat(node.ask(999, get("/"))).endsWith("two");
    assertThat(dropped).hasValue(0);
    node.serve.set(text(5000, "back"));
    assertThat(dropped).hasValue(1);
    isRefusedByTheStack(999);
    assertThat(node.ask(5000, get("/"))).endsWith("back");
    two.close();
  }

  @Test
  void a_block_of_nobody_is_refused() {
    refused(
        ServeException.Reason.INVALID,
        () -> node.serve.set(ServeConfig.EMPTY.withForeground("12345", text(80, "x"))));
  }

  // ---- connections in flight ----

  @Test
  void connections_above_the_limit_wait_until_one_ends() throws Exception {
    try (ServeFixture small = ServeFixture.start(limits -> limits.maxConnections(2));
        WireServer app = WireServer.start()) {
      small.serve.set(
          ServeConfig.EMPTY.withPort(22, TcpPortHandler.forward("127.0.0.1:" + app.port())));
      int visitors = 40;
      List<Thread> leaving = new ArrayList<>();
      for (int i = 0; i < visitors; i++) {
        WireSocket visitor = small.visit(22).send("visitor\n");
        leaving.add(
            Thread.startVirtualThread(
                () -> {
                  visitor.readToEnd();
                  visitor.close();
                }));
      }
      for (int i = 0; i < visitors; i++) {
        try (WireSocket backend = app.accept()) {
          assertThat(backend.readUntil("\n")).isEqualTo("visitor\n");
          int wanted = Math.min(2, visitors - i);
          await().atMost(LIMIT).until(() -> small.serve.connections(22) == wanted);
          assertThat(app.connections()).isLessThanOrEqualTo(i + 2);
        }
      }
      for (Thread each : leaving) {
        assertThat(each.join(LIMIT)).isTrue();
      }
      await().atMost(LIMIT).until(() -> small.serve.connections(22) == 0);
    }
  }

  // ---- storage ----

  @Test
  void a_config_is_there_again_after_a_restart(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("serve.json");
    try (ServeFixture first = ServeFixture.start(ServeFixture::certificate, Optional.of(file))) {
      ServeManager.Control control = first.serve.control(() -> {});
      first.serve.set(text(80, "kept").withForeground(control.id(), text(81, "not kept")));
    }
    assertThat(ServeConfig.parse(Files.readString(file))).isEqualTo(text(80, "kept"));
    try (ServeFixture second = ServeFixture.start(ServeFixture::certificate, Optional.of(file))) {
      second.serve.restore();
      assertThat(second.ask(80, get("/"))).endsWith("kept");
    }
  }

  @Test
  void a_config_that_cannot_be_stored_is_not_served(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("missing").resolve("serve.json");
    try (ServeFixture lone = ServeFixture.start(ServeFixture::certificate, Optional.of(file))) {
      refused(ServeException.Reason.STORAGE, () -> lone.serve.set(text(80, "x")));
      assertThatThrownBy(() -> lone.dial(80).sync()).isInstanceOf(java.net.ConnectException.class);
      assertThat(lone.serve.get().config()).isEqualTo(ServeConfig.EMPTY);
    }
  }

  // ---- the end ----

  @Test
  void closing_ends_every_connection_and_is_repeatable() throws Exception {
    node.serve.set(
        secureSite(443, Map.of("/", HttpHandler.textOf("x")))
            .withPort(7000, TcpPortHandler.accept()));
    try (WireSocket visitor = node.visit(7000)) {
      await().atMost(LIMIT).until(() -> node.serve.connections(7000) == 1);
      node.serve.close();
      node.serve.close();
      assertThat(visitor.awaitEnd()).isNotNull();
    }
    assertThatThrownBy(() -> node.serve.set(ServeConfig.EMPTY))
        .isInstanceOf(IllegalStateException.class);
    Channel gone = node.dial(7000).await().channel();
    assertThat(gone.isActive()).isFalse();
  }
}
