package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.node.Node;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Which sockets of this machine a node opens, seen from outside while it joins, serves, dials and
/// comes back after a lost link: its tunnel, the gateway's API, the backend that its config names,
/// its local API, and nothing else.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class HostSocketsTest {

  private static final int LIMIT_MILLIS = 60_000;

  @TempDir private Path home;

  private final CountDownLatch over = new CountDownLatch(1);
  private final AtomicInteger looks = new AtomicInteger();

  @Test
  void a_node_opens_no_sockets_of_the_machine_but_those_it_needs() throws Exception {
    try (TestOverlay overlay = TestOverlay.start(home.resolve("gateway"));
        ServerSocket backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Node laptop = OverlayNode.join(overlay, "laptop", overlay.token("ann"));
        ServerSocket listener = laptop.listen(7);
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        CommandProcess web = runWeb(overlay)) {
      Future<Set<ProcessSockets.Open>> watching = threads.submit(() -> watch(web.process().pid()));
      web.awaitOut("web.penstock.internal is on the overlay");
      try (CommandProcess serve =
          command("serve", "--bg", "--tcp", "5432", "127.0.0.1:" + backend.getLocalPort())) {
        assertThat(serve.awaitEnd()).as(serve.err()).isZero();
      }
      visit(laptop, backend);
      dial(listener);
      overlay.restart();
      visit(laptop, backend);
      over.countDown();

      Set<ProcessSockets.Open> seen = watching.get();
      int tunnel = overlay.gateway().addresses().tunnel().getPort();
      // The JDK keeps one end of a pair whose other end is closed, as a mark for closed
      // descriptors.
      assertThat(seen).filteredOn(HostSocketsTest::isUnnamed).hasSizeLessThan(3);
      assertThat(seen)
          .filteredOn(socket -> !isUnnamed(socket))
          .allSatisfy(
              socket ->
                  assertThat(isAllowed(socket, tunnel, overlay.quic().getPort(), backend))
                      .as(socket.toString())
                      .isTrue());
      assertThat(seen)
          .as("what it needs was seen, so the watching works")
          .anyMatch(socket -> socket.kind() == ProcessSockets.Kind.UDP)
          .anyMatch(socket -> socket.remote() == tunnel)
          .anyMatch(socket -> socket.remote() == backend.getLocalPort())
          .anyMatch(socket -> socket.kind() == ProcessSockets.Kind.UNIX && socket.listening());
    }
  }

  private static boolean isUnnamed(ProcessSockets.Open socket) {
    return socket.kind() == ProcessSockets.Kind.UNIX && socket.path().isEmpty();
  }

  private boolean isAllowed(
      ProcessSockets.Open socket, int tunnel, int quic, ServerSocket backend) {
    return switch (socket.kind()) {
      case TCP ->
          !socket.listening()
              && (socket.remote() == tunnel || socket.remote() == backend.getLocalPort());
      case UDP -> socket.remote() == 0 || socket.remote() == quic;
      case UNIX ->
          socket.path().startsWith(home.resolve(".local/state/penstock/nodes/web").toString());
    };
  }

  /// Looks again and again until it is told to stop; at no time there is more than one tunnel, but
  /// while a new one takes the place of the old.
  private Set<ProcessSockets.Open> watch(long pid) throws IOException, InterruptedException {
    Set<ProcessSockets.Open> seen = new HashSet<>();
    while (!over.await(2, TimeUnit.MILLISECONDS)) {
      Set<ProcessSockets.Open> now = ProcessSockets.of(pid);
      assertThat(now).filteredOn(each -> each.kind() == ProcessSockets.Kind.UDP).hasSizeLessThan(3);
      seen.addAll(now);
      looks.incrementAndGet();
    }
    return seen;
  }

  private void visit(Node laptop, ServerSocket backend) throws Exception {
    try (Socket visit = laptop.dial("web", 5432);
        Socket accepted = backend.accept()) {
      visit.setSoTimeout(LIMIT_MILLIS);
      accepted.getOutputStream().write("told".getBytes(UTF_8));
      assertThat(visit.getInputStream().readNBytes(4)).isEqualTo("told".getBytes(UTF_8));
      awaitWholeLook();
    }
  }

  /// What is open now has been seen: the look that goes on may have missed it, the next does not.
  private void awaitWholeLook() {
    int before = looks.get();
    await().atMost(Duration.ofMillis(LIMIT_MILLIS)).until(() -> looks.get() >= before + 2);
  }

  private void dial(ServerSocket listener) throws Exception {
    try (CommandProcess dial = command("dial", "laptop", "7", "--no-input");
        Socket accepted = listener.accept()) {
      accepted.getOutputStream().write("told".getBytes(UTF_8));
      accepted.shutdownOutput();
      assertThat(dial.awaitEnd()).as(dial.err()).isZero();
      assertThat(dial.out()).isEqualTo("told");
    }
  }

  private CommandProcess runWeb(TestOverlay overlay) throws IOException {
    CreatedToken token = overlay.token("ann");
    return CommandProcess.start(
        home,
        Map.of("PENSTOCK_TOKEN", token.token()),
        "node",
        "run",
        "--name",
        "web",
        "--gateway",
        "127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort(),
        "--fingerprint",
        overlay.gateway().fingerprint().orElseThrow());
  }

  private CommandProcess command(String... words) throws IOException {
    return CommandProcess.start(home, Map.of(), words);
  }
}
