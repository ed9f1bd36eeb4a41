package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.node.Node;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `penstock node run` and the commands for it, each in a process of its own, and a node of this
/// process that visits.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class NodeCommandsTest {

  private static final int LIMIT_MILLIS = 60_000;

  @TempDir private Path home;

  private TestOverlay overlay;
  private CreatedToken ann;
  private Node laptop;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(home.resolve("gateway"));
    ann = overlay.token("ann");
    laptop = OverlayNode.join(overlay, "laptop", ann);
  }

  @AfterEach
  void close() {
    laptop.close();
    overlay.close();
  }

  private CommandProcess command(String... words) throws IOException {
    return CommandProcess.start(
        home,
        Map.of(
            "PENSTOCK_TOKEN",
            ann.token(),
            "PENSTOCK_GATEWAY",
            "127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort()),
        words);
  }

  private CommandProcess runWeb() throws IOException {
    return command(
        "node",
        "run",
        "--name",
        "web",
        "--fingerprint",
        overlay.gateway().fingerprint().orElseThrow());
  }

  private String visit(int port) throws Exception {
    try (Socket socket = laptop.dial("web", port)) {
      socket.setSoTimeout(LIMIT_MILLIS);
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: web.penstock.internal\r\nConnection: close\r\n\r\n"
                  .getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private boolean isServed(int port) throws Exception {
    return OverlayNode.isServed(laptop, "web", port);
  }

  @Test
  void a_node_runs_serves_as_long_as_commands_do_and_ends_with_ctrl_c() throws Exception {
    try (CommandProcess web = runWeb()) {
      web.awaitOut("web.penstock.internal is on the overlay at 10.86.");

      try (CommandProcess serve = command("serve", "--http=80", "text:passing")) {
        serve.awaitOut("Ctrl-C ends it.");
        assertThat(serve.out()).contains("http://web.penstock.internal");
        assertThat(visit(80)).contains("200 OK").endsWith("passing");
        serve.interrupt();
        assertThat(serve.awaitEnd()).as(serve.err()).isZero();
      }
      await().atMost(OverlayNode.LIMIT).until(() -> !isServed(80));

      try (CommandProcess serve = command("serve", "--bg", "--http=80", "text:lasting")) {
        assertThat(serve.awaitEnd()).as(serve.err()).isZero();
      }
      assertThat(visit(80)).endsWith("lasting");

      web.interrupt();
      assertThat(web.awaitEnd()).as(web.err()).isZero();
      assertThat(home.resolve(".local/state/penstock/nodes/web/node.sock")).doesNotExist();
    }
    try (CommandProcess web = runWeb()) {
      web.awaitOut("web.penstock.internal is on the overlay");
      await().atMost(OverlayNode.LIMIT).until(() -> isServed(80));
      assertThat(visit(80)).endsWith("lasting");
    }
  }

  @Test
  void a_killed_command_serves_nothing_any_more_and_a_killed_node_tells_its_commands()
      throws Exception {
    try (CommandProcess web = runWeb()) {
      web.awaitOut("web.penstock.internal is on the overlay");
      try (CommandProcess serve = command("serve", "--http=80", "text:passing")) {
        serve.awaitOut("Ctrl-C ends it.");
        serve.process().destroyForcibly();
        serve.awaitEnd();
      }
      await().atMost(OverlayNode.LIMIT).until(() -> !isServed(80));

      try (CommandProcess serve = command("serve", "--http=81", "text:passing")) {
        serve.awaitOut("Ctrl-C ends it.");
        web.process().destroyForcibly();
        assertThat(serve.awaitEnd()).isEqualTo(1);
        assertThat(serve.err()).contains("the node has ended", "penstock node run");
      }
    }
  }

  @Test
  void a_dial_passes_standard_input_and_output_with_their_ends() throws Exception {
    try (CommandProcess web = runWeb();
        ServerSocket listener = laptop.listen(7)) {
      web.awaitOut("web.penstock.internal is on the overlay");
      try (CommandProcess dial = command("dial", "laptop", "7");
          Socket accepted = listener.accept()) {
        accepted.setSoTimeout(LIMIT_MILLIS);
        dial.process().getOutputStream().write("asked".getBytes(UTF_8));
        dial.process().getOutputStream().close();
        assertThat(accepted.getInputStream().readAllBytes()).isEqualTo("asked".getBytes(UTF_8));
        // Our half still goes on, behind the end of the other.
        accepted.getOutputStream().write("told".getBytes(UTF_8));
        accepted.shutdownOutput();
        assertThat(dial.awaitEnd()).as(dial.err()).isZero();
        assertThat(dial.out()).isEqualTo("told");
      }
    }
  }

  @Test
  void a_dial_without_input_gets_a_long_reply_whole() throws Exception {
    try (CommandProcess web = runWeb();
        LongReply reply = new LongReply(laptop.listen(7))) {
      web.awaitOut("web.penstock.internal is on the overlay");
      try (CommandProcess dial = command("dial", "--no-input", "laptop", "7")) {
        assertThat(dial.awaitEnd()).as(dial.err()).isZero();
        assertThat(dial.outBytes()).hasSize((int) LongReply.BYTES);
        assertThat(reply.sent()).isEqualTo(LongReply.BYTES);
      }
    }
  }

  @Test
  void a_dial_tells_when_its_node_is_killed_though_its_input_goes_on() throws Exception {
    try (CommandProcess web = runWeb();
        ServerSocket listener = laptop.listen(7)) {
      web.awaitOut("web.penstock.internal is on the overlay");
      try (CommandProcess dial = command("dial", "laptop", "7");
          Socket _ = listener.accept()) {
        web.process().destroyForcibly();
        assertThat(dial.awaitEnd()).isEqualTo(1);
        assertThat(dial.err()).contains("the node has ended");
      }
    }
  }
}
