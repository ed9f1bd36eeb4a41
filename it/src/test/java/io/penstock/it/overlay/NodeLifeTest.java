package io.penstock.it.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import io.penstock.api.CreatedToken;
import io.penstock.api.HostLookup;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.PeerInfo;
import io.penstock.api.client.AdminClient;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeDns;
import io.penstock.node.NodeStatus;
import io.penstock.node.NodeStoppedException;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.node.overlay.PortRequest;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.netstack.AddressChangedException;
import java.lang.ref.WeakReference;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// Nodes with a stack on a whole gateway, over real QUIC: how they begin, talk and end.
@ExtendWith(LeakCheck.class)
class NodeLifeTest {

  private static final int TRANSFERS = 50;
  private static final int PIECES = 64;

  /// How the names of the threads begin that a node may start.
  private static final List<String> NODE_THREADS =
      List.of("penstock-node", "HttpClient", "serve-accept");

  @TempDir private Path data;

  private TestOverlay overlay;
  private CreatedToken ann;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(data);
    ann = overlay.token("ann");
  }

  @AfterEach
  void close() {
    overlay.close();
  }

  private Node join(String name) throws Exception {
    return OverlayNode.join(overlay, name, ann);
  }

  private static OverlayPort listen(Node node, PortRequest request) {
    return node.ports().listen(request, OverlayNode.echo()).toCompletableFuture().join();
  }

  /// Sends a word and waits for it to come back.
  private static void assertEchoes(Channel channel, Echoes echoes) {
    channel.writeAndFlush(Unpooled.copiedBuffer("word", StandardCharsets.UTF_8));
    await().atMost(OverlayNode.LIMIT).until(() -> echoes.text().endsWith("word"));
  }

  private static final class Echoes extends ChannelInboundHandlerAdapter {
    private final StringBuilder text = new StringBuilder();

    synchronized String text() {
      return text.toString();
    }

    private synchronized void add(String more) {
      text.append(more);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      var bytes =
          msg instanceof DatagramPacket packet ? packet.content() : (io.netty.buffer.ByteBuf) msg;
      add(bytes.toString(StandardCharsets.UTF_8));
      bytes.release();
    }
  }

  @Test
  void two_nodes_exchange_bytes_over_tcp_and_udp_and_both_versions() throws Exception {
    try (Node web = join("web");
        Node db = join("db")) {
      int port = listen(db, PortRequest.everywhere(0, "echo")).localAddress().getPort();
      db.datagramBootstrap().handler(OverlayNode.echo()).bind(new InetSocketAddress(53)).sync();
      assertThat(port).isNotZero();

      for (IpAddress address : db.addresses()) {
        Echoes tcp = new Echoes();
        assertEchoes(OverlayNode.connect(web, address, port, tcp), tcp);
        Echoes udp = new Echoes();
        assertEchoes(
            web.datagramBootstrap()
                .handler(udp)
                .connect(new InetSocketAddress(address.inet(), 53))
                .sync()
                .channel(),
            udp);
      }
      Echoes self = new Echoes();
      assertEchoes(
          OverlayNode.connect(db, OverlayNode.address(db, IpFamily.IPV6), port, self), self);
      ChannelFuture nobody =
          OverlayNode.dial(
                  web, OverlayNode.address(db, IpFamily.IPV4), port == 1 ? 2 : 1, new Echoes())
              .await();
      assertThat(nobody.cause()).isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void names_are_those_of_the_overlay_and_nothing_else_is_dialled() throws Exception {
    try (Node web = join("web");
        Node db = join("db")) {
      assertThat(db.domainName()).contains("db.penstock.internal");
      assertThat(web.resolve("db")).isEqualTo(OverlayNode.address(db, IpFamily.IPV4).inet());
      assertThat(web.resolve("DB.penstock.internal."))
          .isEqualTo(OverlayNode.address(db, IpFamily.IPV4).inet());
      assertThat(web.resolve("gateway")).isNotNull();
      assertThatThrownBy(() -> web.resolve("127.0.0.1")).isInstanceOf(NoRouteToHostException.class);
      assertThatThrownBy(() -> web.resolve("::1")).isInstanceOf(NoRouteToHostException.class);
    }
    try (Node hasty =
        OverlayNode.join(
            OverlayNode.config(overlay, "hasty", ann).nameLimit(Duration.ofMillis(50)).build())) {
      assertThatThrownBy(() -> hasty.resolve("nobody"))
          .isInstanceOf(UnknownHostException.class)
          .hasMessageContaining("no node \"nobody\"");
      assertThatThrownBy(() -> hasty.resolve("localhost.localdomain"))
          .isInstanceOf(UnknownHostException.class);
    }
  }

  @Test
  void the_gateways_host_is_looked_up_as_the_config_says_and_all_its_addresses_are_tried()
      throws Exception {
    InetAddress nobody = InetAddress.ofLiteral("127.0.0.86");
    HostLookup twoAddresses =
        HostLookup.fixed("gateway.test", nobody, InetAddress.getLoopbackAddress());
    String gateway = "gateway.test:" + overlay.gateway().addresses().tunnel().getPort();
    try (Node web =
            OverlayNode.join(
                NodeConfig.builder(gateway, "web")
                    .trust(overlay.trust())
                    .token(ann.token())
                    .backoff(Duration.ofMillis(50), Duration.ofMillis(500))
                    .dns(NodeDns.DEFAULT.withGateway(twoAddresses))
                    .build());
        Node db = join("db")) {
      await().atMost(OverlayNode.LIMIT).until(() -> web.peers().size() == 2);
      assertThat(web.resolve("db")).isEqualTo(OverlayNode.address(db, IpFamily.IPV4).inet());
    }
    HostLookup none =
        host -> {
          throw new UnknownHostException("nobody knows " + host + " today");
        };
    try (Node lost =
        Node.start(
            NodeConfig.builder(gateway, "lost")
                .trust(overlay.trust())
                .token(ann.token())
                .dns(NodeDns.DEFAULT.withGateway(none))
                .build())) {
      await()
          .atMost(OverlayNode.LIMIT)
          .until(() -> lost.status().toString().contains("nobody knows gateway.test today"));
    }
  }

  @Test
  void peers_are_heard_of_also_after_the_lookup_of_the_gateway_has_thrown_what_it_may_not()
      throws Exception {
    AtomicBoolean thrown = new AtomicBoolean();
    HostLookup known = HostLookup.fixed("gateway.test", InetAddress.getLoopbackAddress());
    HostLookup throwsOnce =
        host -> {
          boolean forPeers = Thread.currentThread().getName().startsWith("penstock-node-peers");
          if (forPeers && thrown.compareAndSet(false, true)) {
            throw new IllegalStateException("the look-up is broken for once");
          }
          return known.addresses(host);
        };
    String gateway = "gateway.test:" + overlay.gateway().addresses().tunnel().getPort();
    try (Node web =
            OverlayNode.join(
                NodeConfig.builder(gateway, "web")
                    .trust(overlay.trust())
                    .token(ann.token())
                    .dns(NodeDns.DEFAULT.withGateway(throwsOnce))
                    .build());
        Node _ = join("db")) {
      await().atMost(OverlayNode.LIMIT).until(() -> web.peers().size() == 2);
      assertThat(thrown).isTrue();
    }
  }

  @Test
  void peers_are_heard_of_also_after_the_lookup_of_the_gateway_has_not_returned() throws Exception {
    CountDownLatch forEver = new CountDownLatch(1);
    AtomicInteger hung = new AtomicInteger();
    HostLookup known = HostLookup.fixed("gateway.test", InetAddress.getLoopbackAddress());
    HostLookup hangsTwice =
        host -> {
          boolean forPeers = Thread.currentThread().getName().startsWith("penstock-node-peers");
          if (forPeers && hung.get() < 2) {
            hung.incrementAndGet();
            try {
              forEver.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException("the look-up was interrupted", e);
            }
          }
          return known.addresses(host);
        };
    String gateway = "gateway.test:" + overlay.gateway().addresses().tunnel().getPort();
    try (Node web =
            OverlayNode.join(
                NodeConfig.builder(gateway, "web")
                    .trust(overlay.trust())
                    .token(ann.token())
                    .answerLimit(Duration.ofMillis(300))
                    .dns(NodeDns.DEFAULT.withGateway(hangsTwice))
                    .build());
        Node _ = join("db")) {
      await().atMost(OverlayNode.LIMIT).until(() -> web.peers().size() == 2);
      assertThat(hung).hasValue(2);
    }
  }

  @Test
  void a_connection_is_known_by_the_lease_that_it_began_with() throws Exception {
    CompletableFuture<Channel> accepted = new CompletableFuture<>();
    try (Node web = join("web");
        Node db = join("db")) {
      await()
          .atMost(OverlayNode.LIMIT)
          .until(() -> db.peers().size() == 2 && web.peers().size() == 2);
      OverlayPort port =
          db.ports()
              .listen(
                  PortRequest.everywhere(0, "who"),
                  new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                      accepted.complete(ctx.channel());
                    }
                  })
              .toCompletableFuture()
              .join();
      Channel dialled =
          OverlayNode.connect(
              web,
              OverlayNode.address(db, IpFamily.IPV4),
              port.localAddress().getPort(),
              new Echoes());
      Channel other = accepted.get(30, TimeUnit.SECONDS);

      assertThat(db.whoIs(other)).map(PeerInfo::name).contains("web");
      assertThat(web.whoIs(dialled)).map(PeerInfo::name).contains("db");
      assertThat(db.whoIs(OverlayNode.address(web, IpFamily.IPV6).inet()))
          .map(PeerInfo::name)
          .contains("web");
      try (AdminClient admin = overlay.admin()) {
        admin.forgetNode("web");
      }
      await().atMost(OverlayNode.LIMIT).until(() -> db.whoIs(other).isEmpty());
    }
  }

  @Test
  void fifty_transfers_live_through_a_restarted_gateway() throws Exception {
    CompletableFuture<Void> mayEnd = new CompletableFuture<>();
    try (Node web = join("web");
        Node db = join("db")) {
      List<NodeStatus> statuses = new CopyOnWriteArrayList<>();
      web.onStatus(statuses::add);
      List<Transfer> transfers = Transfer.begin(web, db, TRANSFERS, PIECES, mayEnd);
      List<IpAddress> before = web.addresses();

      overlay.restart();
      mayEnd.complete(null);

      Transfer.assertWhole(transfers, PIECES);
      assertThat(web.addresses()).isEqualTo(before);
      assertThat(statuses)
          .as("the link was lost in between")
          .hasAtLeastOneElementOfType(NodeStatus.Degraded.class);
    }
  }

  @Test
  void a_node_with_another_address_says_so_and_its_listeners_go_on() throws Exception {
    Path state = data.resolve("state-of-db");
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    try (Node web = join("web");
        Node db = OverlayNode.join(OverlayNode.config(overlay, "db", ann).state(state).build())) {
      IpAddress before = OverlayNode.address(db, IpFamily.IPV4);
      IpAddress webBefore = OverlayNode.address(web, IpFamily.IPV4);
      OverlayPort exact = listen(db, PortRequest.at(before, 80, "echo"));
      listen(web, PortRequest.everywhere(80, "echo"));
      OverlayNode.connect(
          db,
          webBefore,
          80,
          new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
              failure.complete(cause);
            }
          });

      overlay.restartWithOtherAddresses();

      assertThat(failure.get(60, TimeUnit.SECONDS)).isInstanceOf(AddressChangedException.class);
      await()
          .atMost(OverlayNode.LIMIT)
          .until(
              () ->
                  !OverlayNode.address(db, IpFamily.IPV4).equals(before)
                      && !OverlayNode.address(web, IpFamily.IPV4).equals(webBefore));
      IpAddress now = OverlayNode.address(db, IpFamily.IPV4);
      assertThat(exact.localAddress()).isEqualTo(new InetSocketAddress(now.inet(), 80));
      Echoes echoes = new Echoes();
      assertEchoes(OverlayNode.connect(web, now, 80, echoes), echoes);
    }
  }

  @Test
  void a_durable_node_has_the_same_addresses_after_a_restart() throws Exception {
    Path state = data.resolve("state-of-web");
    List<IpAddress> before;
    try (Node web =
        OverlayNode.join(OverlayNode.config(overlay, "web", ann).state(state).build())) {
      before = web.addresses();
    }
    try (Node web =
        OverlayNode.join(OverlayNode.config(overlay, "web", ann).state(state).build())) {
      assertThat(web.addresses()).isEqualTo(before);
    }
  }

  @Test
  void a_node_that_is_refused_stops_and_says_why() throws Exception {
    try (Node node =
        Node.start(OverlayNode.config(overlay, "web", ann).token("pst_wrong").build())) {
      assertThatThrownBy(() -> node.awaitRunning(OverlayNode.LIMIT))
          .isInstanceOf(NodeStoppedException.class);
      assertThat(node.awaitStopped().code()).isEqualTo("bad_token");
      assertThatThrownBy(() -> node.resolve("db")).isInstanceOf(NodeStoppedException.class);
    }
  }

  @Test
  void closing_cancels_a_start_at_any_moment_and_leaves_nothing() throws Exception {
    try (Node warm = join("warm")) {
      assertThat(warm.status()).isInstanceOf(NodeStatus.Running.class);
    }
    long sockets = socketsOfThisProcess();
    Set<String> threads = nodeThreads();
    for (int i = 0; i < 20; i++) {
      Node node = Node.start(OverlayNode.config(overlay, "race", ann).build());
      long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(5L * i);
      while (System.nanoTime() < until && !(node.status() instanceof NodeStatus.Running)) {
        Thread.onSpinWait();
      }
      node.close();
      node.close();
      assertThat(node.status().isFinal()).isTrue();
    }
    await().atMost(OverlayNode.LIMIT).until(() -> threads.containsAll(nodeThreads()));
    await().atMost(OverlayNode.LIMIT).until(() -> socketsOfThisProcess() <= sockets);
  }

  @Test
  void a_node_keeps_no_proxy_that_was_closed_before() throws Exception {
    try (Node web = join("web")) {
      WeakReference<LoopbackProxy> closed = closedProxy(web);
      try (LoopbackProxy next = web.loopbackProxy(ProxyConfig.random())) {
        await().atMost(OverlayNode.LIMIT).until(() -> isCollected(closed));
        assertThat(next.isOpen()).isTrue();
      }
    }
  }

  private static WeakReference<LoopbackProxy> closedProxy(Node node) throws Exception {
    LoopbackProxy proxy = node.loopbackProxy(ProxyConfig.random());
    proxy.close();
    assertThat(proxy.isOpen()).isFalse();
    return new WeakReference<>(proxy);
  }

  private static boolean isCollected(WeakReference<?> reference) {
    System.gc();
    return reference.refersTo(null);
  }

  /// Each has a name of its own, which no later one gets again.
  private static Set<String> nodeThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> NODE_THREADS.stream().anyMatch(name::startsWith))
        .collect(Collectors.toSet());
  }

  private static long socketsOfThisProcess() throws Exception {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.flatMap(descriptor -> target(descriptor).stream()).count();
    }
  }

  private static Optional<String> target(Path descriptor) {
    try {
      return Optional.of(Files.readSymbolicLink(descriptor).toString())
          .filter(to -> to.startsWith("socket:"));
    } catch (java.io.IOException _) {
      return Optional.empty();
    }
  }
}
