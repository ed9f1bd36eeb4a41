package io.penstock.it.example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.it.overlay.CommandProcess;
import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.node.Node;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The first program of the documentation, as it stands there, with what the README gives it: the
/// gateway's address, its fingerprint, and a token.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class HelloTest {

  private static final Path PROGRAM = Path.of("src/test/java/io/penstock/it/example/Hello.java");
  private static final Path DOCUMENT = Path.of("../docs/node.md");

  @TempDir private Path data;

  @Test
  void a_program_that_knows_a_fingerprint_greets_another_node() throws Exception {
    try (TestOverlay overlay = TestOverlay.start(data.resolve("gateway"))) {
      var token = overlay.token("ann");
      Path tokenFile = Files.writeString(data.resolve("node.token"), token.token() + "\n");
      List<String> program =
          List.of(
              Hello.class.getName(),
              "127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort(),
              overlay.gateway().fingerprint().orElseThrow(),
              tokenFile.toString());
      try (Node laptop = OverlayNode.join(overlay, "laptop", token);
          CommandProcess hello = CommandProcess.start(data, List.of(), Map.of(), program)) {
        hello.awaitOut("Visit hello.penstock.internal at port 8080");
        // A node that has just come may be a stranger for a moment.
        await()
            .atMost(OverlayNode.LIMIT)
            .untilAsserted(() -> assertThat(visit(laptop)).isEqualTo("Hello, laptop\n"));
      }
    }
  }

  private static String visit(Node laptop) throws IOException, InterruptedException {
    try (Socket visit = laptop.dial("hello", 8080)) {
      return new String(visit.getInputStream().readAllBytes(), UTF_8);
    } catch (ConnectException e) {
      return e.toString();
    }
  }

  @Test
  void the_documentation_shows_that_very_program() throws IOException {
    String program = Files.readString(PROGRAM);
    assertThat(Files.readString(DOCUMENT))
        .contains("```java\n" + program.substring(program.indexOf("import ")) + "```");
  }
}
