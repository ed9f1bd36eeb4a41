package io.penstock.it.example;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.node.Node;
import io.penstock.testkit.leak.LeakCheck;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Jetty on the overlay, visited by another node.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@ExtendWith(LeakCheck.class)
class JettyOnOverlayTest {

  private static final int LIMIT_MILLIS = 60_000;

  @TempDir private Path data;

  private TestOverlay overlay;
  private Node web;
  private Node laptop;
  private Server server;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data);
    var token = overlay.token("ann");
    web = OverlayNode.join(overlay, "web", token);
    laptop = OverlayNode.join(overlay, "laptop", token);
    server = JettyOnOverlay.serve(web, 80);
  }

  @AfterEach
  void close() throws Exception {
    server.stop();
    laptop.close();
    web.close();
    overlay.close();
  }

  private Socket visit() throws Exception {
    Socket visit = laptop.dial("web", 80);
    visit.setSoTimeout(LIMIT_MILLIS);
    return visit;
  }

  private static void say(Socket visit, String text) throws IOException {
    visit.getOutputStream().write(text.getBytes(US_ASCII));
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      assertThat(next).as("the connection ended after: " + head).isNotNegative();
      head.append((char) next);
    }
    return head.toString();
  }

  @Test
  void one_connection_carries_several_requests_until_the_visitor_ends_it() throws Exception {
    try (Socket visit = visit()) {
      for (String path : new String[] {"/one", "/two"}) {
        say(visit, "GET " + path + " HTTP/1.1\r\nHost: web\r\n\r\n");
        assertThat(head(visit.getInputStream())).startsWith("HTTP/1.1 200 ");
        String expected = "Hello from " + path + "\n";
        assertThat(visit.getInputStream().readNBytes(expected.length()))
            .asString(US_ASCII)
            .isEqualTo(expected);
      }
      visit.shutdownOutput();
      assertThat(visit.getInputStream().read()).isEqualTo(-1);
    }
    await()
        .atMost(OverlayNode.LIMIT)
        .until(() -> server.getConnectors()[0].getConnectedEndPoints().isEmpty());
  }

  @Test
  void more_than_any_buffer_holds_goes_both_ways_at_once() throws Exception {
    byte[] much = new byte[8 << 20];
    new Random(1).nextBytes(much);
    try (Socket visit = visit()) {
      say(
          visit,
          "POST / HTTP/1.1\r\nHost: web\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
              .formatted(much.length));
      CompletableFuture<Exception> written = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  visit.getOutputStream().write(much);
                  written.complete(null);
                } catch (IOException e) {
                  written.complete(e);
                }
              });
      assertThat(head(visit.getInputStream())).startsWith("HTTP/1.1 200 ");
      assertThat(visit.getInputStream().readAllBytes()).isEqualTo(much);
      assertThat(written.get(LIMIT_MILLIS, TimeUnit.MILLISECONDS)).isNull();
    }
  }

  @Test
  void a_stopped_server_gives_its_port_back() throws Exception {
    server.stop();
    assertThatThrownBy(() -> laptop.dial("web", 80)).isInstanceOf(ConnectException.class);
    server = JettyOnOverlay.serve(web, 80);
    try (Socket visit = visit()) {
      say(visit, "GET / HTTP/1.1\r\nHost: web\r\n\r\n");
      assertThat(head(visit.getInputStream())).startsWith("HTTP/1.1 200 ");
    }
  }
}
