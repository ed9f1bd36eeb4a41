package io.penstock.node.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.PeerInfo;
import io.penstock.api.client.PeerClient;
import io.penstock.node.fixture.OverlayFixture;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node's tunnel against the server of the transport module, over real QUIC.
class PacketTunnelTest {

  private static final Duration FOREVER = Duration.ofHours(1);

  private final NodeIdentity identity = NodeIdentity.ephemeral();
  private final List<TunnelStatus> statuses = new CopyOnWriteArrayList<>();
  private OverlayFixture network;

  /// Longer than any machine is busy with something else.
  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(60));
  }

  @BeforeEach
  void start() throws Exception {
    network = OverlayFixture.start();
  }

  @AfterEach
  void close() {
    network.close();
  }

  @Test
  void a_node_gets_an_address_of_each_family_and_knows_its_network() throws Exception {
    try (var tunnel = PacketTunnel.connect(network.node(identity, "db").build())) {
      assertThat(tunnel.addresses())
          .containsExactly(IpAddress.parse("10.86.0.10"), IpAddress.parse("fd7c:4a1b:93e2::b"));
      assertThat(tunnel.mtu()).isBetween(1100, 1452);
      assertThat(tunnel.network().orElseThrow().zone()).isEqualTo("penstock.internal");
      assertThat(network.sold())
          .singleElement()
          .satisfies(
              request -> {
                assertThat(request.node()).isEqualTo(identity.id());
                assertThat(request.name()).isEqualTo("db");
                assertThat(request.publicKey()).isEqualTo(identity.publicKey());
              });
      assertThat(tunnel.awaitMtu(1280, Duration.ofSeconds(10))).isTrue();
      assertThat(tunnel.mtu()).isGreaterThanOrEqualTo(1280);
      assertThat(tunnel.awaitMtu(9000, Duration.ofMillis(10))).isFalse();
    }
    await().until(() -> network.tunnels() == 0);
  }

  @Test
  void packets_travel_from_node_to_node() throws Exception {
    try (var sender = PacketTunnel.connect(network.node(identity, "a").build());
        var receiver = PacketTunnel.connect(network.node(NodeIdentity.ephemeral(), "b").build())) {
      BlockingQueue<String> came = new LinkedBlockingQueue<>();
      receiver.onPacket(
          packet -> {
            came.add(ByteBufUtil.hexDump(packet));
            packet.release();
          });
      ByteBuf first = packet(sender, receiver, 64);
      ByteBuf second = packet(sender, receiver, 100);
      String[] sent = {ByteBufUtil.hexDump(first), ByteBufUtil.hexDump(second)};
      assertThat(sender.send(first)).isEqualTo(Sent.SENT);
      assertThat(came.poll(10, TimeUnit.SECONDS)).isEqualTo(sent[0]);
      assertThat(sender.sendWhenWritable(second).toCompletableFuture().get(10, TimeUnit.SECONDS))
          .isEqualTo(Sent.SENT);
      assertThat(came.poll(10, TimeUnit.SECONDS)).isEqualTo(sent[1]);
      assertThat(onLoop(sender, packet(sender, receiver, 3000))).isEqualTo(Sent.TOO_BIG);
    }
  }

  @Test
  void a_node_that_lost_its_tunnel_comes_back_with_its_addresses() throws Exception {
    try (var tunnel = started(network.node(identity, "db").build())) {
      awaitConnections(1);
      List<IpAddress> before = tunnel.addresses();
      network.closeTunnels(0, "going down");
      awaitConnections(2);
      assertThat(tunnel.addresses()).isEqualTo(before);
      assertThat(network.asked(IpFamily.IPV4)).containsExactly("0.0.0.0", "10.86.0.10");
      assertThat(network.asked(IpFamily.IPV6)).containsExactly("::", "fd7c:4a1b:93e2::b");
      assertThat(statuses)
          .filteredOn(TunnelStatus.Waiting.class::isInstance)
          .singleElement()
          .asString()
          .contains("going down");
    }
  }

  @Test
  void a_node_whose_address_was_given_away_meanwhile_gets_another_one() throws Exception {
    try (var tunnel = started(network.node(identity, "db").build())) {
      awaitConnections(1);
      network.take(IpAddress.parse("10.86.0.10"));
      network.closeTunnels(0, "");
      await()
          .untilAsserted(
              () ->
                  assertThat(tunnel.addresses())
                      .containsExactly(
                          IpAddress.parse("10.86.0.12"), IpAddress.parse("fd7c:4a1b:93e2::b")));
      assertThat(network.asked(IpFamily.IPV4)).containsExactly("0.0.0.0", "10.86.0.10", "0.0.0.0");
    }
  }

  @Test
  void a_node_that_wants_one_address_asks_for_that_alone() throws Exception {
    IpAddress wanted = IpAddress.parse("10.86.7.7");
    try (var tunnel =
        PacketTunnel.connect(network.node(identity, "db").wanted(List.of(wanted)).build())) {
      assertThat(tunnel.addresses()).containsExactly(wanted);
      assertThat(network.asked(IpFamily.IPV6)).isEmpty();
    }
  }

  @Test
  void a_node_that_is_refused_one_family_has_the_other_and_asks_again() throws Exception {
    network.allowIpv6(false);
    try (var tunnel = started(network.node(identity, "db").build())) {
      awaitConnections(1);
      assertThat(tunnel.addresses()).containsExactly(IpAddress.parse("10.86.0.10"));
      network.allowIpv6(true);
      await()
          .untilAsserted(
              () ->
                  assertThat(tunnel.addresses())
                      .containsExactly(
                          IpAddress.parse("10.86.0.10"), IpAddress.parse("fd7c:4a1b:93e2::b")));
      assertThat(statuses).noneMatch(TunnelStatus.Waiting.class::isInstance);
    }
  }

  @Test
  void an_address_that_is_taken_is_told_and_waited_for() throws Exception {
    IpAddress wanted = IpAddress.parse("10.86.7.7");
    network.take(wanted);
    var config = network.node(identity, "db").wanted(List.of(wanted)).build();
    assertThatThrownBy(() -> PacketTunnel.connect(config))
        .hasMessageContaining("address assignment")
        .hasMessageContaining("10.86.7.7 is taken");
  }

  @Test
  void a_session_is_renewed_with_a_new_token_before_it_ends() throws Exception {
    network.lifetime(4);
    try (var _ = started(network.node(identity, "db").build())) {
      awaitConnections(1);
      await().until(() -> network.sold().size() >= 3);
      assertThat(statuses).noneMatch(TunnelStatus.Waiting.class::isInstance);
    }
  }

  @Test
  void an_idle_tunnel_is_kept_alive_as_often_as_the_gateway_wants() throws Exception {
    try (var hasty = OverlayFixture.keptAliveWithin(Duration.ofMillis(200));
        var _ = PacketTunnel.connect(hasty.node(identity, "db").build())) {
      long established = hasty.requests();
      long start = System.nanoTime();
      await().until(() -> hasty.requests() >= established + 5);

      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as("not only at a third of the idle timeout of 30 s")
          .isLessThan(Duration.ofSeconds(40));
    }
  }

  @Test
  void a_name_that_another_node_has_stops_the_tunnel_and_says_so() throws Exception {
    try (var _ = PacketTunnel.connect(network.node(NodeIdentity.ephemeral(), "db").build())) {
      assertThatThrownBy(() -> PacketTunnel.connect(network.node(identity, "db").build()))
          .isInstanceOfSatisfying(
              TunnelStoppedException.class,
              stopped -> assertThat(stopped.code()).isEqualTo("name_taken"))
          .hasMessageContaining("another node is called db")
          .hasMessageContaining("penstock node kick db --forget")
          .hasMessageContaining("another name");
    }
  }

  @Test
  void a_bad_token_stops_the_tunnel_and_says_how_to_get_a_good_one() {
    var config = network.node(identity, "db").token("pst_bad").build();
    assertThatThrownBy(() -> PacketTunnel.connect(config))
        .isInstanceOf(TunnelStoppedException.class)
        .hasMessageContaining("--scope overlay");
  }

  @Test
  void a_gateway_without_an_overlay_stops_the_tunnel_and_says_what_to_do() {
    network.refuse(404, "not_found", "nothing here");
    assertThatThrownBy(() -> PacketTunnel.connect(network.node(identity, "db").build()))
        .isInstanceOf(TunnelStoppedException.class)
        .hasMessageContaining("--overlay");
  }

  @Test
  void a_full_network_is_tried_again_until_there_is_room() throws Exception {
    network.refuse(503, "full", "as many nodes as max_nodes allows");
    try (var tunnel = started(network.node(identity, "db").build())) {
      await().until(() -> waits() >= 2);
      assertThat(statuses.toString()).contains("as many nodes as max_nodes allows");
      network.sell();
      awaitConnections(1);
      assertThat(tunnel.addresses()).isNotEmpty();
    }
  }

  @Test
  void a_token_that_is_revoked_stops_a_tunnel_that_was_up() throws Exception {
    try (var tunnel = started(network.node(identity, "db").build())) {
      awaitConnections(1);
      network.refuse(401, "bad_token", "the token was revoked");
      network.closeTunnels(4, "token revoked");
      tunnel.awaitClosed();
      assertThat(tunnel.status())
          .isInstanceOfSatisfying(
              TunnelStatus.Stopped.class,
              stopped -> assertThat(stopped.message()).contains("the token was revoked"));
      assertThat(tunnel.send(Unpooled.buffer(20).writeZero(20))).isEqualTo(Sent.NOT_CONNECTED);
    }
  }

  @Test
  void of_two_tunnels_with_one_identity_the_older_one_stops_for_good() throws Exception {
    try (var older = started(network.node(identity, "db").build())) {
      awaitConnections(1);
      try (var newer = PacketTunnel.connect(network.node(identity, "db").build())) {
        older.awaitClosed();
        assertThat(older.status())
            .isInstanceOfSatisfying(
                TunnelStatus.Stopped.class,
                stopped -> {
                  assertThat(stopped.code()).isEqualTo(TunnelStatus.REPLACED);
                  assertThat(stopped.message()).contains("identity");
                });
        assertThat(newer.status()).isInstanceOf(TunnelStatus.Connected.class);
        assertThat(network.tunnels()).isEqualTo(1);
      }
    }
  }

  @Test
  void the_token_is_read_from_its_file_each_time(@TempDir Path home) throws Exception {
    Path file = home.resolve("node.token");
    var config = network.node(identity, "db").tokenFile(file).build();
    try (var _ = started(config)) {
      await().until(() -> waits() >= 1);
      assertThat(statuses.toString()).contains(file.toString());
      Files.writeString(file, "pst_good\n");
      awaitConnections(1);
    }
  }

  @Test
  void what_the_supplier_of_the_token_throws_is_one_failed_attempt() throws Exception {
    var config =
        network
            .node(identity, "db")
            .token(
                () -> {
                  throw new UncheckedIOException(new IOException("the vault is sealed"));
                })
            .build();
    assertThatThrownBy(() -> PacketTunnel.connect(config))
        .hasMessageContaining("the vault is sealed");
  }

  @Test
  void a_tunnel_can_be_closed_at_any_moment_and_more_than_once() throws Exception {
    var atOnce = started(network.node(identity, "db").build());
    atOnce.close();
    atOnce.close();
    assertThat(atOnce.status()).isEqualTo(new TunnelStatus.Closed());
    var config = network.node(identity, "db").backoff(FOREVER, FOREVER).build();
    network.refuse(503, "full", "");
    try (var waiting = started(config)) {
      await().until(() -> waiting.status() instanceof TunnelStatus.Waiting);
    }
    network.sell();
    var up = PacketTunnel.connect(network.node(identity, "db").build());
    long before = System.nanoTime();
    up.close();
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(4));
    assertThat(up.addresses()).isEmpty();
    assertThat(up.mtu()).isZero();
    assertThat(up.send(Unpooled.buffer(20).writeZero(20))).isEqualTo(Sent.NOT_CONNECTED);
    await().until(() -> network.tunnels() == 0);
  }

  @Test
  void a_tunnel_that_waits_for_its_next_attempt_can_be_told_to_try_now() throws Exception {
    network.refuse(503, "full", "");
    try (var tunnel = started(network.node(identity, "db").backoff(FOREVER, FOREVER).build())) {
      await().until(() -> tunnel.status() instanceof TunnelStatus.Waiting);
      network.sell();
      tunnel.retryNow();
      await().until(() -> tunnel.status() instanceof TunnelStatus.Connected);
      tunnel.retryNow();
      assertThat(tunnel.status()).isInstanceOf(TunnelStatus.Connected.class);
    }
    assertThat(network.sold()).hasSize(1);
  }

  @Test
  void a_node_sees_itself_among_the_peers() throws Exception {
    try (var _ = PacketTunnel.connect(network.node(identity, "db").build());
        var client =
            new PeerClient(
                network.gateway(), ClientTls.jdkContext(new Trust.Anybody()), "pst_good")) {
      assertThat(client.peers().items())
          .containsExactly(
              new PeerInfo(
                  identity.id(), "db", "ann", List.of(), true, Map.of(), Optional.empty()));
    }
  }

  @Test
  void settings_that_make_no_sense_are_refused_with_what_is_allowed() {
    assertThatThrownBy(() -> network.node(identity, "Data Base").build())
        .hasMessageContaining("lower-case letters");
    List<IpAddress> two = List.of(IpAddress.parse("10.0.0.1"), IpAddress.parse("10.0.0.2"));
    assertThatThrownBy(() -> network.node(identity, "db").wanted(two).build())
        .hasMessageContaining("one of each family");
  }

  private PacketTunnel started(PacketTunnelConfig config) throws Exception {
    return PacketTunnel.start(config, statuses::add);
  }

  private void awaitConnections(int count) {
    await()
        .until(
            () -> {
              int connections = 0;
              boolean up = false;
              for (TunnelStatus status : statuses) {
                boolean now = status instanceof TunnelStatus.Connected;
                connections += now && !up ? 1 : 0;
                up = now;
              }
              return connections == count && up;
            });
  }

  private long waits() {
    return statuses.stream().filter(TunnelStatus.Waiting.class::isInstance).count();
  }

  private static Sent onLoop(PacketTunnel tunnel, ByteBuf packet) throws Exception {
    return CompletableFuture.supplyAsync(() -> tunnel.send(packet), tunnel.eventLoop())
        .get(10, TimeUnit.SECONDS);
  }

  /// An echo request of this length from one node's IPv4 address to the other's.
  private static ByteBuf packet(PacketTunnel from, PacketTunnel to, int bytes) {
    ByteBuf data = Unpooled.buffer(bytes).writeZero(bytes - IcmpEcho.length4(0));
    ByteBuf packet = Unpooled.buffer(bytes);
    IcmpEcho.writeRequest4(packet, address(from), address(to), 64, 1, 1, data);
    return packet;
  }

  private static int address(PacketTunnel tunnel) {
    return Ipv4Address.of(tunnel.addresses().getFirst().bytes());
  }
}
