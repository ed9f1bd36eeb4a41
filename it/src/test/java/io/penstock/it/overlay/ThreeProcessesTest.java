package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tunnel.FreezingRelay;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A gateway and two nodes, each a process as a user starts it, with a path between them that
/// loses, delays and reorders, and for some seconds lets nothing through.
///
/// The nodes are in a network of their own, whose only ways out are relays of the test at the
/// gateway's addresses: one for its API, and one with faults for the tunnels.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class ThreeProcessesTest {

  private static final long SEED = 20261130;
  private static final int PIECE_BYTES = 16 * 1024;
  private static final int UP_BYTES = 3 << 20;
  private static final int DOWN_BYTES = 2 << 20;
  private static final int CUT_AT_BYTES = 1 << 19;
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final String LOST = "the link was lost";

  /// So slow that much is still to come for seconds once the first bytes have arrived.
  private static final LinkFaults BAD =
      LinkFaults.none(3)
          .withLoss(0.01)
          .withJitter(3)
          .withReordering(0.03, 8)
          .withDuplication(0.01)
          .withRate(400_000, 100_000);

  @TempDir private Path home;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicLong arrived = new AtomicLong();

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  private Path temporary() {
    return home.resolve("tmp");
  }

  /// What every process of the test is told; what a JVM makes for itself is then seen.
  private Map<String, String> environment() {
    return Map.of("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary());
  }

  private CommandProcess command(String... words) throws IOException {
    return CommandProcess.start(home, environment(), words);
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES) // nine processes begin, some at once
  void a_transfer_through_a_bad_path_and_an_outage_is_whole_and_nothing_stays() throws Exception {
    Files.createDirectory(temporary());
    try (NetworkNamespace site = NetworkNamespace.create();
        GatewayProcess gateway = GatewayProcess.start(home, environment());
        FreezingRelay _ = relayOfApi(site, gateway);
        FaultyUdpRelay path = relayOfTunnels(site, gateway);
        ServerSocket backend =
            site.call(() -> new ServerSocket(0, 50, InetAddress.getLoopbackAddress()))) {
      String token = gateway.token();
      try (CommandProcess web = node(site, gateway, "web", token);
          CommandProcess laptop = node(site, gateway, "laptop", token)) {
        web.awaitOut("web.penstock.internal is on the overlay");
        laptop.awaitOut("laptop.penstock.internal is on the overlay");
        serve(backend);

        transfer(backend, path, web, laptop);

        endOrderly(laptop);
        endOrderly(web);
        assertNothingOfNodesIsLeft(site);
      }
      gateway.command().interrupt();
      assertThat(gateway.command().awaitEnd()).as(gateway.command().err()).isZero();
      assertNothingOfGatewayIsLeft(gateway);
    }
    try (Stream<Path> files = Files.walk(temporary())) {
      assertThat(files).as("what processes have left behind").containsExactly(temporary());
    }
  }

  // ---- what there is ----

  private static FreezingRelay relayOfApi(NetworkNamespace site, GatewayProcess gateway)
      throws Exception {
    int port = GatewayProcess.port(gateway.tunnel());
    ServerSocket listener =
        site.call(() -> new ServerSocket(port, 50, InetAddress.getLoopbackAddress()));
    return FreezingRelay.to(gateway.tunnel(), listener);
  }

  private static FaultyUdpRelay relayOfTunnels(NetworkNamespace site, GatewayProcess gateway)
      throws Exception {
    int port = GatewayProcess.port(gateway.quic());
    DatagramChannel front = site.call(() -> FaultyUdpRelay.front(port));
    InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    return FaultyUdpRelay.start(front, server, BAD, SEED);
  }

  private CommandProcess node(
      NetworkNamespace site, GatewayProcess gateway, String name, String token) throws Exception {
    return site.call(
        () ->
            CommandProcess.start(
                home,
                Map.of(
                    "PENSTOCK_TOKEN",
                    token,
                    "JAVA_TOOL_OPTIONS",
                    "-Djava.io.tmpdir=" + temporary()),
                "node",
                "run",
                "--name",
                name,
                "--gateway",
                gateway.tunnel(),
                "--fingerprint",
                gateway.fingerprint()));
  }

  private void serve(ServerSocket backend) throws Exception {
    String target = "127.0.0.1:" + backend.getLocalPort();
    try (CommandProcess serve =
        command("serve", "--node", "web", "--bg", "--tcp", "5432", target)) {
      assertThat(serve.awaitEnd()).as(serve.err()).isZero();
    }
  }

  // ---- what happens ----

  /// Bytes go up and others come down; in the middle nothing passes until both nodes have lost
  /// their tunnels.
  private void transfer(
      ServerSocket backend, FaultyUdpRelay path, CommandProcess web, CommandProcess laptop)
      throws Exception {
    Future<Long> atBackend = threads.submit(() -> answer(backend));
    try (CommandProcess dial = command("dial", "--node", "laptop", "web", "5432")) {
      Future<?> sending = threads.submit(() -> send(dial.process().getOutputStream(), UP_BYTES, 1));
      await("the first bytes").atMost(LIMIT).until(() -> arrived.get() > CUT_AT_BYTES);

      assertThat(path.dropped()).as("lost on the way, before the outage").isPositive();
      path.setFaults(BAD.withLoss(1));
      web.awaitErr(LOST);
      laptop.awaitErr(LOST);
      assertThat(arrived.get()).as("cut in the middle").isLessThan(UP_BYTES);
      path.setFaults(BAD);

      sending.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(atBackend.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
          .as("what went up")
          .isEqualTo(checksum(UP_BYTES, 1));
      assertThat(dial.awaitEnd()).as(dial.err()).isZero();
      CRC32 down = new CRC32();
      down.update(dial.outBytes());
      assertThat(dial.outBytes()).hasSize(DOWN_BYTES);
      assertThat(down.getValue()).as("what came down").isEqualTo(checksum(DOWN_BYTES, 2));
    }
  }

  /// Takes all that comes until its end, and only then answers.
  private long answer(ServerSocket backend) throws IOException {
    try (Socket socket = backend.accept()) {
      CRC32 crc = new CRC32();
      byte[] piece = new byte[PIECE_BYTES];
      InputStream in = socket.getInputStream();
      for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
        crc.update(piece, 0, count);
        arrived.addAndGet(count);
      }
      send(socket.getOutputStream(), DOWN_BYTES, 2);
      return crc.getValue();
    }
  }

  private static Void send(OutputStream out, int bytes, long seed) throws IOException {
    Random random = new Random(seed);
    byte[] piece = new byte[PIECE_BYTES];
    for (int sent = 0; sent < bytes; sent += piece.length) {
      random.nextBytes(piece);
      out.write(piece);
    }
    out.close();
    return null;
  }

  private static long checksum(int bytes, long seed) {
    CRC32 crc = new CRC32();
    Random random = new Random(seed);
    byte[] piece = new byte[PIECE_BYTES];
    for (int made = 0; made < bytes; made += piece.length) {
      random.nextBytes(piece);
      crc.update(piece);
    }
    return crc.getValue();
  }

  // ---- what is left ----

  private static void endOrderly(CommandProcess node) throws Exception {
    assertThat(node.process().descendants()).as("processes of a node").isEmpty();
    node.interrupt();
    assertThat(node.awaitEnd()).as(node.err()).isZero();
  }

  private void assertNothingOfNodesIsLeft(NetworkNamespace site) throws Exception {
    for (String name : List.of("web", "laptop")) {
      assertThat(home.resolve(".local/state/penstock/nodes/" + name + "/node.sock")).doesNotExist();
    }
    // In the network that nobody else is in there is still the relay's own socket.
    int sockets = site.call(() -> rows("udp") + rows("udp6"));
    assertThat(sockets).as("sockets for datagrams").isOne();
  }

  /// How many sockets a table of the kernel has, in the network of the calling thread (proc(5)).
  private static int rows(String table) throws IOException {
    return Files.readAllLines(Path.of("/proc/thread-self/net", table)).size() - 1;
  }

  /// Its ports are free, and its storage is in order.
  private void assertNothingOfGatewayIsLeft(GatewayProcess gateway) throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocket api = new ServerSocket();
        DatagramSocket quic =
            new DatagramSocket(
                new InetSocketAddress(loopback, GatewayProcess.port(gateway.quic())))) {
      api.setReuseAddress(true); // as connections of its end may be in TIME-WAIT
      api.bind(new InetSocketAddress(loopback, GatewayProcess.port(gateway.tunnel())));
      assertThat(quic.isBound()).isTrue();
    }
  }
}
