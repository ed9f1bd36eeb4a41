package io.penstock.it.vpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.node.DeviceNode;
import io.penstock.node.Node;
import io.penstock.node.NodeStatus;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunOffload;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Nodes whose packets go to a TUN device in a namespace of the kernel, where ordinary sockets and
/// programs use them, through a whole gateway to a node with a stack of its own.
@ExtendWith(LeakCheck.class)
@Timeout(240)
class DeviceNodeTest {

  private static final int BULK_BYTES = 8 * 1024 * 1024;

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;
  private NetworkNamespace namespace;
  private Node db;

  @BeforeEach
  void start() throws Exception {
    namespace = NetworkNamespace.create();
    overlay = TestOverlay.start(data);
    ann = overlay.token("ann");
    db = OverlayNode.join(overlay, "db", ann);
  }

  @AfterEach
  void close() {
    db.close();
    overlay.close();
    namespace.close();
  }

  private TunDevice device(TunConfig.Builder config) throws Exception {
    return namespace.call(() -> TunDevice.open(config.build()));
  }

  private static TunConfig.Builder narrow() {
    return TunConfig.builder().mtu(1280);
  }

  /// A manager and a tunnel whose node has a device of the namespace.
  private ManagedTunnel laptop(TunDevice device) throws Exception {
    return managed("laptop", namespace, device, VpnTunnelConfig.DEFAULT_STATUS_INTERVAL);
  }

  private ManagedTunnel managed(
      String name, NetworkNamespace kernel, TunDevice device, Duration statusInterval)
      throws Exception {
    VpnTunnelConfig config =
        VpnTunnelConfig.builder(name)
            .node(
                node ->
                    node.trust(overlay.trust())
                        .backoff(Duration.ofMillis(50), Duration.ofMillis(500)))
            .devices(_ -> Optional.of(device))
            .statusInterval(statusInterval)
            .build();
    ManagedTunnel managed = new ManagedTunnel(config, new NamespaceNetwork(kernel, device.name()));
    try {
      managed.manager.start(managed.order(overlay, ann));
      await("both addresses on the machine")
          .atMost(OverlayNode.LIMIT)
          .until(() -> managed.manager.settings().addresses().size() == 2);
      return managed;
    } catch (Exception | AssertionError e) {
      managed.close();
      throw e;
    }
  }

  private static IpAddress own(ManagedTunnel laptop, IpFamily family) {
    return laptop.manager.settings().addresses().stream()
        .map(InterfaceAddress::address)
        .filter(one -> one.family() == family)
        .findFirst()
        .orElseThrow();
  }

  private IpAddress addressOfDb(IpFamily family) {
    return db.addresses().stream()
        .filter(each -> each.family() == family)
        .findFirst()
        .orElseThrow();
  }

  private NetworkThread.Result ping(String... words) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("ping", "-n", "-W", "20"));
    command.addAll(List.of(words));
    return namespace.execute(command);
  }

  // ---- both ways ----

  @ParameterizedTest
  @EnumSource(TunOffload.class)
  void programs_of_the_machine_reach_other_nodes_and_are_reached(TunOffload offload)
      throws Exception {
    try (ManagedTunnel laptop = laptop(device(narrow().offload(offload)))) {
      for (IpFamily family : IpFamily.values()) {
        String target = addressOfDb(family).toString();
        assertThat(ping("-c", "2", target).output()).contains(" 0% packet loss");
        try (ServerSocket atDb = db.listen(80);
            Socket fromMachine = connect(target, 80);
            Socket accepted = atDb.accept()) {
          exchange(fromMachine, accepted);
        }
        try (ServerSocket onMachine = namespace.call(() -> new ServerSocket(8080));
            Socket fromDb = db.dial(own(laptop, family).toString(), 8080);
            Socket accepted = onMachine.accept()) {
          exchange(accepted, fromDb);
        }
      }
      laptop.manager.stop();
    }
  }

  private Socket connect(String host, int port) throws Exception {
    return namespace.call(
        () -> {
          Socket socket = new Socket();
          socket.connect(new InetSocketAddress(host, port), 30_000);
          return socket;
        });
  }

  /// Sends a lot in both directions at once, and an end behind it.
  private static void exchange(Socket one, Socket other) throws Exception {
    byte[] bytes = new byte[BULK_BYTES];
    new Random(7).nextBytes(bytes);
    FutureTask<Void> up = sending(one, bytes);
    FutureTask<Void> down = sending(other, bytes);
    FutureTask<byte[]> atOther = reading(other);
    FutureTask<byte[]> atOne = reading(one);
    for (FutureTask<?> task : List.of(up, down, atOther, atOne)) {
      Thread.ofVirtual().start(task);
    }
    assertThat(Arrays.equals(atOther.get(120, TimeUnit.SECONDS), bytes)).isTrue();
    assertThat(Arrays.equals(atOne.get(120, TimeUnit.SECONDS), bytes)).isTrue();
    up.get(1, TimeUnit.SECONDS);
    down.get(1, TimeUnit.SECONDS);
  }

  private static FutureTask<Void> sending(Socket socket, byte[] bytes) {
    return new FutureTask<>(
        () -> {
          OutputStream out = socket.getOutputStream();
          out.write(bytes);
          socket.shutdownOutput();
          return null;
        });
  }

  private static FutureTask<byte[]> reading(Socket socket) {
    return new FutureTask<>(
        () -> {
          InputStream in = socket.getInputStream();
          return in.readAllBytes();
        });
  }

  // ---- what the kernel and the manager see of it ----

  @ParameterizedTest
  @EnumSource
  void segments_that_come_together_reach_the_kernel_together(IpFamily family) throws Exception {
    TunDevice device = device(narrow());
    try (ManagedTunnel _ = laptop(device);
        ServerSocket atDb = db.listen(80);
        Socket fromMachine = connect(addressOfDb(family).toString(), 80);
        Socket accepted = atDb.accept()) {
      send(accepted, fromMachine);
      // How many come in one turn depends on the machine; that some did does not.
      assertThat(packetsOfKernel(device)).isLessThan(BULK_BYTES / 1280);
    }
  }

  /// What came in over an interface; to the kernel what is put together is one packet.
  private long packetsOfKernel(TunDevice device) throws Exception {
    String said = namespace.ip("-s -j link show dev " + device.name());
    Matcher packets = Pattern.compile("\"rx\":\\{\"bytes\":\\d+,\"packets\":(\\d+)").matcher(said);
    assertThat(packets.find()).as(said).isTrue();
    return Long.parseLong(packets.group(1));
  }

  /// Sends a lot in one direction.
  private static void send(Socket from, Socket to) throws Exception {
    byte[] bytes = new byte[BULK_BYTES];
    new Random(7).nextBytes(bytes);
    FutureTask<Void> sending = sending(from, bytes);
    Thread.ofVirtual().start(sending);
    assertThat(Arrays.equals(to.getInputStream().readAllBytes(), bytes)).isTrue();
    sending.get(1, TimeUnit.SECONDS);
  }

  @Test
  void both_ends_count_what_they_exchange_and_managers_hear_of_it_with_what_they_are_told_anyway()
      throws Exception {
    // No status comes in time: all that is told is what is asked for, and changes.
    Duration never = Duration.ofHours(1);
    try (NetworkNamespace kernel = NetworkNamespace.create();
        ManagedTunnel laptop = managed("laptop", namespace, device(narrow()), never);
        ManagedTunnel web =
            managed("web", kernel, kernel.call(() -> TunDevice.open(narrow().build())), never)) {
      awaitAgent(laptop, "web");
      awaitAgent(web, "laptop");
      String target = own(web, IpFamily.IPV4).toString();

      assertThat(ping("-c", "3", "-s", "56", target).output()).contains(" 0% packet loss");
      long pings = 3 * (20 + 8 + 56);
      assertThat(told(laptop, "web")).isEqualTo(new Told(pings, pings));
      assertThat(told(web, "laptop")).isEqualTo(new Told(pings, pings));
      assertThat(ping("-c", "2", "-s", "100", own(web, IpFamily.IPV6).toString()).output())
          .contains(" 0% packet loss");
      long both = pings + 2 * (40 + 8 + 100);
      assertThat(told(laptop, "web")).isEqualTo(new Told(both, both));
      assertThat(told(laptop, "db")).isEqualTo(new Told(0, 0));

      try (ServerSocket server = kernel.call(() -> new ServerSocket(80));
          Socket up = connect(target, 80);
          Socket down = server.accept()) {
        send(up, down);
      }
      // The connection's last words may still be on their way from one question to the next, so
      // what was sent is asked for after what has come.
      long received = told(web, "laptop").rx();
      Told sender = told(laptop, "web");
      long answered = told(web, "laptop").tx();
      assertThat(sender.tx()).isGreaterThan(BULK_BYTES).isGreaterThanOrEqualTo(received);
      assertThat(received).isGreaterThan(BULK_BYTES).isLessThan(2L * BULK_BYTES);
      assertThat(answered).isPositive().isLessThan(BULK_BYTES / 4);
      assertThat(sender.rx()).isPositive().isLessThanOrEqualTo(answered);

      assertThat(laptop.updates.stream().map(DeviceNodeTest::withoutFigures))
          .doesNotHaveDuplicates();
    }
  }

  /// What a manager knows of the bytes that its node has exchanged with another.
  private record Told(long rx, long tx) {}

  private static Told told(ManagedTunnel managed, String name) throws Exception {
    Agent agent = agent(managed.manager.askPeers(), name).orElseThrow();
    assertThat(agent.hasPenstockRxBytes()).isTrue();
    return new Told(agent.getPenstockRxBytes(), agent.getPenstockTxBytes());
  }

  private static Optional<Agent> agent(PeerUpdate peers, String name) {
    return peers.getUpsertedAgentsList().stream()
        .filter(agent -> agent.getName().equals(name))
        .findFirst();
  }

  private static void awaitAgent(ManagedTunnel managed, String name) {
    await(name)
        .atMost(OverlayNode.LIMIT)
        .until(
            () ->
                agent(managed.manager.peers(), name)
                    .filter(agent -> agent.getIpAddrsCount() == 2)
                    .isPresent());
  }

  private static PeerUpdate withoutFigures(PeerUpdate update) {
    PeerUpdate.Builder without = update.toBuilder();
    without
        .getUpsertedAgentsBuilderList()
        .forEach(agent -> agent.clearPenstockRxBytes().clearPenstockTxBytes());
    return without.build();
  }

  // ---- packets that do not fit ----

  @Test
  void a_packet_that_does_not_fit_into_the_tunnel_is_told_to_the_kernel_which_then_sends_less()
      throws Exception {
    TunDevice device = device(TunConfig.builder().mtu(9000));
    try (DeviceNode node =
        DeviceNode.start(OverlayNode.config(overlay, "laptop", ann).build(), device)) {
      List<IpAddress> own = awaitAddresses(node);
      String name = device.name();
      namespace.ip("link set " + name + " up");
      for (IpAddress address : own) {
        namespace.ip(
            (address.family() == IpFamily.IPV6
                    ? "addr add %s/64 dev %s nodad"
                    : "addr add %s/16 dev %s")
                .formatted(address, name));
      }
      for (IpFamily family : IpFamily.values()) {
        String target = addressOfDb(family).toString();
        // Once the kernel knows, it says so itself.
        assertThat(ping("-c", "3", "-i", "0.2", "-M", "do", "-s", "4000", target).output())
            .containsAnyOf("mtu = ", "mtu=");
        try (ServerSocket atDb = db.listen(80);
            Socket fromMachine = connect(target, 80);
            Socket accepted = atDb.accept()) {
          exchange(fromMachine, accepted);
        }
      }
      assertThat(node.counters().tooBig()).isPositive();
    }
  }

  private static List<IpAddress> awaitAddresses(DeviceNode node) throws Exception {
    await("both addresses")
        .atMost(OverlayNode.LIMIT)
        .until(
            () ->
                node.status() instanceof NodeStatus.Running(var addresses, _)
                    && addresses.size() == 2);
    return node.awaitRunning(OverlayNode.LIMIT).addresses();
  }

  // ---- ends ----

  @Test
  void a_device_that_is_deleted_ends_the_node_with_a_reason() throws Exception {
    TunDevice device = device(narrow());
    try (DeviceNode node =
        DeviceNode.start(OverlayNode.config(overlay, "laptop", ann).build(), device)) {
      node.awaitRunning(OverlayNode.LIMIT);
      namespace.ip("link del " + device.name());
      await()
          .atMost(OverlayNode.LIMIT)
          .until(
              () ->
                  node.status() instanceof NodeStatus.Stopped(String code, String message)
                      && code.equals(DeviceNode.DEVICE_LOST)
                      && message.contains(device.name()));
    }
  }

  @Test
  void a_node_that_is_closed_gives_the_device_back_and_with_it_the_interface() throws Exception {
    TunDevice device = device(narrow());
    DeviceNode node = DeviceNode.start(OverlayNode.config(overlay, "laptop", ann).build(), device);
    node.awaitRunning(OverlayNode.LIMIT);
    assertThat(namespace.ip("link show")).contains(device.name());
    node.close();
    await()
        .atMost(OverlayNode.LIMIT)
        .until(() -> !namespace.ip("link show").contains(device.name()));
    assertThat(node.status()).isInstanceOf(NodeStatus.Stopped.class);
  }

  @Test
  void what_comes_while_there_is_no_tunnel_is_dropped_and_counted() throws Exception {
    TunDevice device = device(narrow());
    try (DeviceNode node =
        DeviceNode.start(
            OverlayNode.config(overlay, "laptop", ann).token("pst_wrong").build(), device)) {
      await().atMost(OverlayNode.LIMIT).until(() -> node.status().isFinal());
      namespace.ip("link set " + device.name() + " up");
      namespace.ip("addr add 10.86.0.99/16 dev " + device.name());
      assertThat(ping("-c", "1", "-W", "1", "10.86.0.1").output()).contains("100% packet loss");
      await().atMost(OverlayNode.LIMIT).until(() -> node.counters().down() > 0);
    }
  }
}
