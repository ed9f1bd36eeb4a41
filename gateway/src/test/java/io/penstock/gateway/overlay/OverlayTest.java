package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.AllowSettings;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.config.OverlayTunnelSettings;
import io.penstock.gateway.overlay.router.RouterConfig;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.NativeSupport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes over real QUIC through a whole gateway.
class OverlayTest {

  private static final IpAddress OWN4 = IpAddress.parse("10.86.0.1");
  private static final IpAddress OWN6 = IpAddress.parse("fd7c:4a1b:93e2::1");

  @TempDir Path directory;
  private EventLoopGroup loops;
  private Gateway gateway;

  @BeforeEach
  void start() throws Exception {
    loops = NativeSupport.newEventLoops(2, "nodes");
    gateway = Gateway.start(config().build());
  }

  @AfterEach
  void stop() {
    gateway.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5));
  }

  private GatewayConfig.Builder config() {
    return GatewayConfig.builder().data(directory.resolve("data")).onFreePorts();
  }

  private CreatedToken token(String user) throws Exception {
    return gateway
        .storage()
        .createToken(new CreateTokenRequest(user, Set.of(Scope.OVERLAY), Optional.empty()));
  }

  private TestNode node(CreatedToken token, String name) throws Exception {
    return TestNode.connect(gateway, loops.next(), token.token(), name);
  }

  @Test
  void nodes_of_one_user_ping_each_other_over_both_families() throws Exception {
    CreatedToken ann = token("ann");
    try (TestNode one = node(ann, "one");
        TestNode two = node(ann, "two")) {
      one.ping(two.ipv4(), 1);
      assertThat(one.isAnswered()).isTrue();
      two.ping(one.ipv6(), 2);
      assertThat(two.isAnswered()).isTrue();
      assertThat(gateway.overlay().orElseThrow().nodes()).isEqualTo(2);
    }
    await().until(() -> gateway.overlay().orElseThrow().nodes() == 0);
  }

  @Test
  void the_gateway_answers_pings_at_its_own_addresses() throws Exception {
    try (TestNode one = node(token("ann"), "one")) {
      one.ping(OWN4, 1);
      assertThat(one.isAnswered()).isTrue();
      one.ping(OWN6, 2);
      assertThat(one.isAnswered()).isTrue();
    }
  }

  @Test
  void names_of_the_zone_are_answered_at_the_own_address() throws Exception {
    CreatedToken ann = token("ann");
    try (TestNode one = node(ann, "one");
        TestNode two = node(ann, "two")) {
      one.send(dnsQuery(one.ipv4(), "two.penstock.internal"));

      byte[] packet = one.next(5_000);

      assertThat(packet).isNotNull();
      ByteBuf answer = Unpooled.wrappedBuffer(packet);
      assertThat(Ipv4Header.protocol(answer, 0)).isEqualTo(IpProtocol.UDP);
      int udp = Ipv4Header.MIN_BYTES;
      long pseudoHeader =
          InternetChecksum.pseudoHeader4(
              Ipv4Address.of(OWN4.bytes()),
              Ipv4Address.of(one.ipv4().bytes()),
              IpProtocol.UDP,
              UdpHeader.length(answer, udp));
      assertThat(
              InternetChecksum.finish(
                  InternetChecksum.add(pseudoHeader, answer, udp, UdpHeader.length(answer, udp))))
          .isZero();
      byte[] last = new byte[4];
      answer.getBytes(packet.length - 4, last);
      assertThat(IpAddress.of(last)).isEqualTo(two.ipv4());
    }
  }

  private static ByteBuf dnsQuery(IpAddress from, String name) {
    ByteBuf dns = Unpooled.buffer();
    dns.writeShort(0x1234).writeShort(0x0100).writeShort(1).writeZero(6);
    for (String label : name.split("\\.", -1)) {
      dns.writeByte(label.length());
      dns.writeCharSequence(label, StandardCharsets.US_ASCII);
    }
    dns.writeByte(0).writeShort(1).writeShort(1);
    int bytes = UdpHeader.BYTES + dns.readableBytes();
    ByteBuf packet = Unpooled.buffer();
    int source = Ipv4Address.of(from.bytes());
    int destination = Ipv4Address.of(OWN4.bytes());
    Ipv4Header.write(
        packet, 0, Ipv4Header.MIN_BYTES + bytes, 1, 0, 64, IpProtocol.UDP, source, destination);
    int at = packet.writerIndex();
    UdpHeader.write(packet, 40_000, 53, bytes);
    packet.writeBytes(dns);
    UdpHeader.writeChecksum(
        packet,
        at,
        bytes,
        InternetChecksum.pseudoHeader4(source, destination, IpProtocol.UDP, bytes));
    return packet;
  }

  @Test
  void nodes_of_different_users_need_a_rule() throws Exception {
    try (TestNode one = node(token("ann"), "one");
        TestNode two = node(token("bob"), "two")) {
      one.ping(two.ipv4(), 1);

      assertThat(one.isAnswered()).as("an error comes, and no reply").isFalse();
    }
    gateway.close();
    gateway = Gateway.start(config().overlay(allowingAnn()).onFreePorts().build());
    try (TestNode one = node(token("ann"), "three");
        TestNode two = node(token("bob"), "four")) {
      // A tunnel is there once its answer is written, which its node may read before.
      await().until(() -> gateway.overlay().orElseThrow().nodes() == 2);
      one.ping(two.ipv4(), 1);

      assertThat(one.isAnswered()).isTrue();
    }
  }

  private static OverlaySettings allowingAnn() {
    return OverlaySettings.DEFAULT.allowing(
        List.of(
            new AllowSettings(
                "user:ann", "*", Optional.of(AllowSettings.Protocol.ICMP), List.of())));
  }

  @Test
  void configured_limits_hold_for_tunnels_and_router() throws Exception {
    OverlayTunnelSettings usual = OverlayTunnelSettings.DEFAULT;
    OverlaySettings settings =
        OverlaySettings.DEFAULT
            .withTunnel(
                usual.withTimes(
                    usual.times().withIdle(Duration.ofSeconds(25), Duration.ofSeconds(3))))
            .withRouter(RouterConfig.builder().icmpErrors(0, 0).build());
    gateway.close();
    gateway = Gateway.start(config().overlay(settings).onFreePorts().build());
    try (TestNode one = node(token("ann"), "one")) {
      assertThat(one.gatewayIdleMillis).isEqualTo(25_000);
      assertThat(one.network.keepAliveMillis()).isEqualTo(3_000);

      one.ping(IpAddress.parse("10.86.255.250"), 1);
      one.ping(OWN4, 2);
      assertThat(one.isAnswered()).as("by the second alone").isTrue();
      assertThat(gateway.overlay().orElseThrow().routed().icmpSuppressed()).isEqualTo(1);
    }
  }

  @Test
  void a_newer_tunnel_of_a_node_takes_over_its_address_at_once() throws Exception {
    CreatedToken ann = token("ann");
    try (TestNode other = node(ann, "other");
        TestNode older = node(ann, "same");
        TestNode newer = older.again(gateway, loops.next(), ann.token(), "same")) {
      assertThat(newer.ipv4()).isEqualTo(older.ipv4());
      TunnelEnd end = older.closed().get(10, TimeUnit.SECONDS);
      assertThat(end).isEqualTo(new TunnelEnd.PeerClosed(4, "session replaced"));

      other.ping(newer.ipv4(), 1);
      assertThat(other.isAnswered()).isTrue();
      assertThat(gateway.overlay().orElseThrow().nodes()).isEqualTo(2);
    }
  }

  @Test
  void a_revoked_token_ends_its_tunnels() throws Exception {
    CreatedToken ann = token("ann");
    try (TestNode one = node(ann, "one");
        TestNode two = node(token("bob"), "two")) {
      gateway.storage().revokeToken(ann.id());

      // Not told by the admin API: another gateway on the same database may have revoked it.
      assertThat(one.closed().get(5, TimeUnit.SECONDS))
          .isEqualTo(new TunnelEnd.PeerClosed(4, "token revoked"));
      assertThat(two.closed()).isNotDone();
    }
  }

  @Test
  void a_node_that_was_away_during_a_restart_has_its_addresses_back() throws Exception {
    CreatedToken ann = token("ann");
    TestNode before = node(ann, "one");
    IpAddress four = before.ipv4();
    IpAddress six = before.ipv6();
    gateway.close();
    before.closed().get(10, TimeUnit.SECONDS);
    gateway = Gateway.start(config().build());

    try (TestNode after = before.again(gateway, loops.next(), ann.token(), "one")) {
      assertThat(after.ipv4()).isEqualTo(four);
      assertThat(after.ipv6()).isEqualTo(six);
    }
  }
}
