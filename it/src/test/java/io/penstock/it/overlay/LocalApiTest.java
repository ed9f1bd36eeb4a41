package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.api.NodeReport;
import io.penstock.api.PeerInfo;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.local.LocalApi;
import io.penstock.node.local.LocalClient;
import io.penstock.node.local.LocalControl;
import io.penstock.node.local.LocalDial;
import io.penstock.node.local.LocalRefusedException;
import io.penstock.node.local.NotRunningException;
import io.penstock.node.serve.HttpHandler;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeManager;
import io.penstock.node.serve.TcpPortHandler;
import io.penstock.testkit.leak.LeakCheck;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// The local API of a running node, over its Unix socket.
@ExtendWith(LeakCheck.class)
class LocalApiTest {

  private static final String NAME = "web.penstock.internal";
  private static final int MIB = 1 << 20;

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;
  private Path state;
  private Node web;
  private LocalApi api;
  private LocalClient client;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data.resolve("gateway"));
    ann = overlay.token("ann");
    state = data.resolve("web");
    web = OverlayNode.join(webConfig());
    api = web.localApi();
    client = new LocalClient(state);
  }

  private NodeConfig webConfig() {
    return OverlayNode.config(overlay, "web", ann).state(state).build();
  }

  @AfterEach
  void close() {
    web.close();
    overlay.close();
  }

  private static ServeConfig text(int port, String text) {
    return ServeConfig.EMPTY
        .withPort(port, TcpPortHandler.toHttp())
        .withHandler(NAME, port, "/", HttpHandler.textOf(text));
  }

  private boolean isServed(int port) throws Exception {
    return OverlayNode.isServed(web, "web", port);
  }

  // ---- the socket ----

  @Test
  void the_socket_is_the_owners_alone_and_gone_with_the_node() throws Exception {
    assertThat(api.socket()).isEqualTo(state.toAbsolutePath().resolve("node.sock"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(api.socket())))
        .isEqualTo("rw-------");
    try (var files = Files.list(state)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("lock", "node.pem", "node.sock");
    }
    web.close();
    assertThat(api.socket()).doesNotExist();
    assertThatThrownBy(client::node)
        .isInstanceOf(NotRunningException.class)
        .hasMessageContaining(state.toString());
  }

  @Test
  void a_socket_that_a_killed_node_left_is_replaced() throws Exception {
    web.close();
    Files.writeString(state.resolve("node.sock"), "left");
    web = OverlayNode.join(webConfig());
    api = web.localApi();
    assertThat(client.node().name()).isEqualTo("web");
  }

  @Test
  void a_path_that_no_socket_can_have_is_refused_by_its_length() throws Exception {
    Path deep = data.resolve("d".repeat(100));
    try (Node node = Node.start(OverlayNode.config(overlay, "deep", ann).state(deep).build())) {
      assertThatThrownBy(node::localApi)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("too long")
          .hasMessageContaining("107");
    }
    try (var files = Files.list(deep)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("lock", "node.pem");
    }
  }

  // ---- asking ----

  @Test
  void the_node_and_its_peers_are_told() throws Exception {
    NodeReport report = client.node();
    assertThat(report.name()).isEqualTo("web");
    assertThat(report.domainName()).isEqualTo(NAME);
    assertThat(report.state()).isEqualTo("running");
    assertThat(report.addresses()).isEqualTo(web.addresses());
    assertThat(report.id()).isEqualTo(web.id());
    await().atMost(OverlayNode.LIMIT).until(() -> client.peers().size() == 1);
    assertThat(client.peers()).extracting(PeerInfo::name).containsExactly("web");
  }

  @Test
  void what_is_no_request_is_refused_and_disturbs_nobody() throws Exception {
    assertThat(raw("nonsense\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(raw("GET /api/v1/nothing HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 404 ")
        .contains("no_such_path");
    assertThat(raw("CONNECT nowhere HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(raw("CONNECT 127.0.0.1:22 HTTP/1.1\r\n\r\n"))
        .as("what is not of the overlay is not dialled")
        .startsWith("HTTP/1.1 403 ");
    assertThat(raw("POST /api/v1/serve-config HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"))
        .startsWith("HTTP/1.1 413 ");
    assertThat(raw(post("{\"TCP\":1"))).startsWith("HTTP/1.1 400 ").contains("malformed");
    assertThat(client.node().state()).isEqualTo("running");
  }

  private static String post(String json) {
    return """
    POST /api/v1/serve-config HTTP/1.1
    Host: node
    Connection: close
    Content-Type: application/json
    Content-Length: %d

    %s\
    """
        .formatted(json.length(), json)
        .replace("\n", "\r\n");
  }

  private String raw(String request) throws IOException {
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(UnixDomainSocketAddress.of(api.socket()));
      socket.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      ByteBuffer in = ByteBuffer.allocate(4096);
      while (socket.read(in) >= 0) {
        answer.write(in.array(), 0, in.position());
        in.clear();
      }
      return answer.toString(UTF_8);
    }
  }

  // ---- serving ----

  @Test
  void a_config_is_set_by_those_who_have_seen_the_one_before() throws Exception {
    ServeManager.Snapshot empty = client.serveConfig();
    assertThat(empty.config()).isEqualTo(ServeConfig.EMPTY);
    client.setServeConfig(text(80, "one"), empty.etag());
    assertThat(web.serve().get().config()).isEqualTo(text(80, "one"));
    assertThat(client.serveConfig().config()).isEqualTo(text(80, "one"));

    assertThatThrownBy(() -> client.setServeConfig(text(81, "two"), empty.etag()))
        .isInstanceOfSatisfying(
            LocalRefusedException.class,
            e -> assertThat(List.of(e.code(), e.status())).isEqualTo(List.of("conflict", 412)));
    assertThat(web.serve().get().config()).isEqualTo(text(80, "one"));
    client.replaceServeConfig(text(81, "two"));
    assertThat(isServed(80)).isFalse();
    assertThat(isServed(81)).isTrue();
  }

  @Test
  void a_port_does_not_change_its_type_and_what_is_unsupported_is_named() throws Exception {
    client.replaceServeConfig(text(80, "one"));
    ServeConfig tcp = ServeConfig.EMPTY.withPort(80, TcpPortHandler.forward("127.0.0.1:1"));
    assertThatThrownBy(() -> client.replaceServeConfig(tcp))
        .isInstanceOfSatisfying(
            LocalRefusedException.class, e -> assertThat(e.code()).isEqualTo("in_use"))
        .hasMessageContaining("turn it off first");
    web.serve().set(tcp);

    ServeConfig funnel = ServeConfig.parse("{\"AllowFunnel\": {\"" + NAME + ":443\": true}}");
    assertThatThrownBy(() -> client.replaceServeConfig(funnel))
        .isInstanceOfSatisfying(
            LocalRefusedException.class, e -> assertThat(e.code()).isEqualTo("unsupported"))
        .hasMessageContaining("AllowFunnel");
    client.replaceServeConfigIgnoringUnsupported(funnel);
    assertThat(client.serveConfig().config()).isEqualTo(funnel);
  }

  @Test
  void a_body_that_is_empty_changes_nothing() throws Exception {
    client.replaceServeConfig(text(80, "one"));
    assertThat(raw(post(""))).startsWith("HTTP/1.1 400 ").contains("the document is empty");
    assertThat(client.serveConfig().config()).isEqualTo(text(80, "one"));
    assertThat(raw(post("{}"))).startsWith("HTTP/1.1 204 ");
    assertThat(client.serveConfig().config()).isEqualTo(ServeConfig.EMPTY);
  }

  @Test
  void a_block_in_the_foreground_ends_with_its_control_connection() throws Exception {
    client.replaceServeConfig(text(80, "lasting"));
    try (LocalControl control = client.control()) {
      ServeManager.Snapshot now = client.serveConfig();
      client.setServeConfig(
          now.config().withForeground(control.id(), text(81, "passing")), now.etag());
      assertThat(isServed(81)).isTrue();
      assertThat(Files.readString(state.resolve("serve.json")))
          .contains("lasting")
          .doesNotContain("passing");
    }
    await().atMost(OverlayNode.LIMIT).until(() -> !isServed(81));
    assertThat(client.serveConfig().config()).isEqualTo(text(80, "lasting"));
    assertThat(isServed(80)).isTrue();
  }

  @Test
  void a_control_connection_is_told_when_its_block_is_taken_out_or_the_node_ends()
      throws Exception {
    for (LocalControl.End expected : LocalControl.End.values()) {
      try (LocalControl control = client.control()) {
        ServeManager.Snapshot now = client.serveConfig();
        client.setServeConfig(
            now.config().withForeground(control.id(), text(81, "passing")), now.etag());
        CompletableFuture<LocalControl.End> end =
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return control.awaitEnd();
                  } catch (IOException _) {
                    // A node that goes may cut the stream short.
                    return LocalControl.End.NODE_GONE;
                  }
                },
                Thread::startVirtualThread);
        switch (expected) {
          case DROPPED -> client.replaceServeConfig(ServeConfig.EMPTY);
          case NODE_GONE -> web.close();
        }
        assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo(expected);
      }
    }
  }

  @Test
  void a_block_needs_an_open_control_connection() throws Exception {
    String gone;
    try (LocalControl control = client.control()) {
      gone = control.id();
    }
    await()
        .atMost(OverlayNode.LIMIT)
        .untilAsserted(
            () ->
                assertThatThrownBy(
                        () ->
                            client.replaceServeConfig(
                                ServeConfig.EMPTY.withForeground(gone, text(81, "passing"))))
                    .isInstanceOf(LocalRefusedException.class)
                    .hasMessageContaining("no control connection"));
  }

  @Test
  void what_is_stored_and_cannot_be_served_is_told_and_replaced_only_whole() throws Exception {
    client.replaceServeConfig(text(80, "one"));
    web.close();
    Files.writeString(state.resolve("serve.json"), "{\"TCP\": {\"80\"");
    web = OverlayNode.join(webConfig());
    api = web.localApi();

    assertThatThrownBy(client::serveConfig)
        .isInstanceOfSatisfying(
            LocalRefusedException.class, e -> assertThat(e.code()).isEqualTo("malformed"))
        .hasMessageContaining("serve.json");
    assertThatThrownBy(() -> client.setServeConfig(text(81, "two"), ServeConfig.EMPTY.etag()))
        .isInstanceOf(LocalRefusedException.class);
    assertThat(raw(post("{"))).startsWith("HTTP/1.1 400 ");
    assertThat(Files.readString(state.resolve("serve.json")))
        .as("what is no document takes the place of nothing")
        .isEqualTo("{\"TCP\": {\"80\"");
    assertThatThrownBy(client::serveConfig).isInstanceOf(LocalRefusedException.class);
    client.replaceServeConfig(ServeConfig.EMPTY);
    assertThat(client.serveConfig().config()).isEqualTo(ServeConfig.EMPTY);
    assertThat(Files.readString(state.resolve("serve.json"))).isEqualToIgnoringWhitespace("{}");
  }

  // ---- dialling ----

  @Test
  void a_dialled_connection_passes_the_end_of_one_direction_on() throws Exception {
    try (ServerSocket listener = web.listen(7)) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket accepted = listener.accept()) {
                  long length = accepted.getInputStream().readAllBytes().length;
                  accepted.getOutputStream().write(("got " + length + "\n").getBytes(UTF_8));
                  accepted.getOutputStream().write(new byte[MIB]);
                } catch (IOException _) {
                  // The dialler says what is missing.
                }
              });
      try (LocalDial dial = client.dial("web", 7)) {
        byte[] block = new byte[8 * MIB];
        dial.write(block, 0, block.length);
        dial.shutdownOutput();
        ByteArrayOutputStream reply = new ByteArrayOutputStream();
        for (Optional<byte[]> piece = dial.read(); piece.isPresent(); piece = dial.read()) {
          reply.write(piece.get());
        }
        assertThat(reply.toString(UTF_8)).startsWith("got " + block.length + "\n");
        assertThat(reply.size()).isEqualTo(12 + MIB);
      }
    }
  }

  @Test
  void a_long_reply_arrives_whole_after_the_dialler_has_ended_its_half() throws Exception {
    try (LongReply reply = new LongReply(web.listen(7));
        LocalDial dial = client.dial("web", 7)) {
      dial.write("go\n".getBytes(UTF_8), 0, 3);
      dial.shutdownOutput();
      long bytes = 0;
      for (Optional<byte[]> piece = dial.read(); piece.isPresent(); piece = dial.read()) {
        bytes += piece.get().length;
      }
      assertThat(bytes).isEqualTo(LongReply.BYTES);
      assertThat(reply.sent()).isEqualTo(LongReply.BYTES);
    }
  }

  @Test
  void a_dial_that_fails_says_why() throws Exception {
    assertThatThrownBy(() -> client.dial("web", 4711))
        .isInstanceOf(LocalRefusedException.class)
        .hasMessageContaining("nobody listens at web:4711");
    assertThatThrownBy(() -> client.dial("192.0.2.1", 80))
        .isInstanceOf(LocalRefusedException.class)
        .hasMessageContaining("192.0.2.1");
    try (Node hasty =
        OverlayNode.join(
            OverlayNode.config(overlay, "hasty", ann)
                .nameLimit(Duration.ofMillis(50))
                .state(data.resolve("hasty"))
                .build())) {
      hasty.localApi();
      assertThatThrownBy(() -> new LocalClient(data.resolve("hasty")).dial("nobody", 80))
          .isInstanceOf(LocalRefusedException.class)
          .hasMessageContaining("no node \"nobody\"");
    }
  }

  // ---- the end ----

  @Test
  void a_node_closes_under_open_connections_of_its_api() throws Exception {
    List<AutoCloseable> open = new ArrayList<>();
    try (ServerSocket _ = web.listen(7)) {
      for (int i = 0; i < 8; i++) {
        open.add(client.control());
        open.add(client.dial("web", 7));
      }
      web.close();
      assertThat(web.status().isFinal()).isTrue();
      for (AutoCloseable each : open) {
        if (each instanceof LocalDial dial) {
          assertThat(dial.read()).isEmpty();
        }
        each.close();
      }
    }
  }
}
