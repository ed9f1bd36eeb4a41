package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.CreatedToken;
import io.penstock.node.Node;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Which sockets of this machine a node opens, seen from outside while it joins, serves, listens,
/// dials and comes back after a lost link: its tunnel, the gateway's API, the backend that its
/// config names, its local API, its proxy, and nothing else.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class HostSocketsTest {

  private static final int LIMIT_MILLIS = 60_000;
  private static final int NOBODYS_PORT = 4711;

  @TempDir private Path home;

  @Test
  void a_node_opens_no_sockets_of_the_machine_but_those_it_needs() throws Exception {
    try (TestOverlay overlay = TestOverlay.start(home.resolve("gateway"));
        ServerSocket backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Node laptop = OverlayNode.join(overlay, "laptop", overlay.token("ann"));
        ServerSocket listener = laptop.listen(7);
        CommandProcess web = runWeb(overlay);
        SocketWatch watch = SocketWatch.start(web.process().pid())) {
      web.awaitOut("web.penstock.internal is on the overlay");
      var before =
          watch.steadily(
              () -> {
                serve(backend);
                visit(laptop, backend, watch);
                dial(listener);
              });
      overlay.restart();
      visit(laptop, backend, watch);
      var after = watch.steadily(() -> visit(laptop, backend, watch));
      Set<ProcessSockets.Open> seen = watch.end();

      InetSocketAddress gateway = gateway(overlay);
      InetSocketAddress app = loopback(backend.getLocalPort());
      assertThat(SocketWatch.udp(before)).as("the tunnel").hasSize(1);
      assertThat(SocketWatch.udp(after)).as("the tunnel after the restart").hasSize(1);
      assertOnly(
          seen,
          socket ->
              switch (socket.kind()) {
                case TCP ->
                    !socket.listening()
                        && (socket.remote().equals(gateway) || socket.remote().equals(app));
                case UDP -> mayBeTunnel(socket, overlay);
                case UNIX ->
                    socket
                        .path()
                        .startsWith(home.resolve(".local/state/penstock/nodes/web").toString());
              });
      assertThat(seen)
          .as("what it needs was seen, so the watching works")
          .anyMatch(socket -> socket.remote().equals(gateway))
          .anyMatch(socket -> socket.remote().equals(app))
          .anyMatch(socket -> socket.kind() == ProcessSockets.Kind.UNIX && socket.listening());
    }
  }

  @Test
  void what_listens_on_the_overlay_listens_nowhere_else() throws Exception {
    try (TestOverlay overlay = TestOverlay.start(home.resolve("gateway"));
        Node laptop = OverlayNode.join(overlay, "laptop", overlay.token("ann"));
        ServerSocket listener = laptop.listen(7);
        CommandProcess app = runApp(overlay);
        SocketWatch watch = SocketWatch.start(app.process().pid())) {
      app.awaitOut(ListeningProgram.READY);
      List<String> words = proxyWords(app);
      InetSocketAddress proxy = loopback(Integer.parseInt(words.get(1)));
      var meanwhile =
          watch.steadily(
              () -> {
                for (int port : List.of(ListeningProgram.PORT, NOBODYS_PORT)) {
                  try (Socket visit = laptop.dial(ListeningProgram.NAME, port);
                      DatagramSocket talk = laptop.dialUdp(ListeningProgram.NAME, port)) {
                    assertEchoes(visit);
                    assertEchoes(talk);
                    watch.awaitWholeLook();
                  }
                }
                goThrough(proxy, words.get(2) + ":" + words.get(3), listener, watch);
              });
      Set<ProcessSockets.Open> seen = watch.end();

      InetSocketAddress gateway = gateway(overlay);
      assertThat(SocketWatch.udp(meanwhile)).as("the tunnel").hasSize(1);
      assertOnly(
          seen,
          socket ->
              switch (socket.kind()) {
                case TCP ->
                    socket.local().equals(proxy)
                        || (!socket.listening() && socket.remote().equals(gateway));
                case UDP -> mayBeTunnel(socket, overlay);
                case UNIX -> false;
              });
      assertThat(seen)
          .as("what it needs was seen, so the watching works")
          .anyMatch(socket -> socket.remote().equals(gateway))
          .anyMatch(socket -> socket.local().equals(proxy) && socket.listening())
          .anyMatch(socket -> socket.local().equals(proxy) && !socket.listening());
    }
  }

  // ---- what is allowed ----

  private static void assertOnly(
      Set<ProcessSockets.Open> seen, Predicate<ProcessSockets.Open> allowed) {
    // The JDK keeps one end of a pair whose other end is closed, as a mark for closed descriptors.
    assertThat(seen).filteredOn(HostSocketsTest::isUnnamed).hasSizeLessThan(3);
    assertThat(seen).filteredOn(socket -> !isUnnamed(socket)).allMatch(allowed);
  }

  private static boolean isUnnamed(ProcessSockets.Open socket) {
    return socket.kind() == ProcessSockets.Kind.UNIX && socket.path().isEmpty();
  }

  private static boolean mayBeTunnel(ProcessSockets.Open socket, TestOverlay overlay) {
    return socket.remote().getPort() == 0 || socket.remote().equals(overlay.quic());
  }

  private static InetSocketAddress gateway(TestOverlay overlay) {
    return loopback(overlay.gateway().addresses().tunnel().getPort());
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  // ---- what is done meanwhile ----

  private void serve(ServerSocket backend) throws Exception {
    try (CommandProcess serve =
        command("serve", "--bg", "--tcp", "5432", "127.0.0.1:" + backend.getLocalPort())) {
      assertThat(serve.awaitEnd()).as(serve.err()).isZero();
    }
  }

  private static void visit(Node laptop, ServerSocket backend, SocketWatch watch) throws Exception {
    try (Socket visit = laptop.dial("web", 5432);
        Socket accepted = backend.accept()) {
      visit.setSoTimeout(LIMIT_MILLIS);
      accepted.getOutputStream().write("told".getBytes(UTF_8));
      assertThat(visit.getInputStream().readNBytes(4)).isEqualTo("told".getBytes(UTF_8));
      watch.awaitWholeLook();
    }
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

  private static void assertEchoes(Socket socket) throws IOException {
    socket.setSoTimeout(LIMIT_MILLIS);
    socket.getOutputStream().write("word".getBytes(UTF_8));
    assertThat(socket.getInputStream().readNBytes(4)).isEqualTo("word".getBytes(UTF_8));
  }

  private static void assertEchoes(DatagramSocket socket) throws IOException {
    socket.setSoTimeout(LIMIT_MILLIS);
    socket.send(new DatagramPacket("word".getBytes(UTF_8), 4));
    DatagramPacket answer = new DatagramPacket(new byte[10], 10);
    socket.receive(answer);
    assertThat(new String(answer.getData(), 0, answer.getLength(), UTF_8)).isEqualTo("word");
  }

  /// Goes from this machine through a proxy to a listener on the overlay.
  private static void goThrough(
      InetSocketAddress proxy, String password, ServerSocket listener, SocketWatch watch)
      throws IOException {
    try (Socket client = new Socket(proxy.getAddress(), proxy.getPort())) {
      client.setSoTimeout(LIMIT_MILLIS);
      client
          .getOutputStream()
          .write(
              "CONNECT laptop:7 HTTP/1.1\r\nHost: laptop\r\nProxy-Authorization: Basic %s\r\n\r\n"
                  .formatted(Base64.getEncoder().encodeToString(password.getBytes(UTF_8)))
                  .getBytes(UTF_8));
      try (Socket accepted = listener.accept()) {
        accepted.getOutputStream().write("told".getBytes(UTF_8));
        StringBuilder answer = new StringBuilder();
        InputStream in = client.getInputStream();
        while (answer.indexOf("told") < 0) {
          int next = in.read();
          assertThat(next).as(answer.toString()).isNotNegative();
          answer.append((char) next);
        }
        assertThat(answer.toString()).startsWith("HTTP/1.1 200");
        watch.awaitWholeLook();
      }
    }
  }

  // ---- programs ----

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

  private CommandProcess runApp(TestOverlay overlay) throws IOException {
    return CommandProcess.start(
        home,
        List.of(),
        Map.of(),
        List.of(
            ListeningProgram.class.getName(),
            "127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort(),
            overlay.gateway().fingerprint().orElseThrow(),
            overlay.token("ann").token()));
  }

  /// `proxy PORT USER PASSWORD`, as the program has said.
  private static List<String> proxyWords(CommandProcess app) {
    String line =
        app.out().lines().filter(each -> each.startsWith("proxy ")).findFirst().orElseThrow();
    return List.of(line.split(" ", -1));
  }

  private CommandProcess command(String... words) throws IOException {
    return CommandProcess.start(home, Map.of(), words);
  }
}
