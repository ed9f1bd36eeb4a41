package io.penstock.node.ping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.api.IpAddress;
import io.penstock.node.fixture.OverlayFixture;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two tiny nodes and a network between them, over real QUIC.
class PingerTest {

  private static final IpAddress REPORTER_4 = IpAddress.parse("10.86.0.1");
  private static final IpAddress REPORTER_6 = IpAddress.parse("fd7c:4a1b:93e2::1");
  private static final Duration SHORT = Duration.ofMillis(300);

  private OverlayFixture network;
  private PacketTunnel near;
  private PacketTunnel far;
  private Pinger pinger;
  private Pinger pinged;

  @BeforeEach
  void start() throws Exception {
    network = OverlayFixture.start();
    near = PacketTunnel.connect(network.node(NodeIdentity.ephemeral(), "near").build());
    far = PacketTunnel.connect(network.node(NodeIdentity.ephemeral(), "far").build());
    pinger = Pinger.on(near);
    pinged = Pinger.on(far);
  }

  @AfterEach
  void close() {
    pinger.close();
    pinged.close();
    near.close();
    far.close();
    network.close();
  }

  @Test
  void a_node_answers_over_both_families() throws Exception {
    for (IpAddress target : far.addresses()) {
      var reply = (PingResult.Reply) result(pinger.ping(PingRequest.to(target)));
      assertThat(reply.bytes()).isEqualTo(64);
      assertThat(reply.hopLimit()).isEqualTo(64);
      assertThat(reply.roundTrip()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(2));
    }
    assertThat(pinged.answered()).isEqualTo(2);
  }

  @Test
  void requests_are_numbered_and_each_gets_its_own_answer() throws Exception {
    List<CompletionStage<PingResult>> results = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      results.add(pinger.ping(request().withDataBytes(i)));
    }
    for (int i = 0; i < 20; i++) {
      var reply = (PingResult.Reply) result(results.get(i));
      assertThat(reply.sequence()).isEqualTo(i + 1);
      assertThat(reply.bytes()).isEqualTo(IcmpHeader.BYTES + i);
    }
  }

  @Test
  void what_is_lost_times_out() throws Exception {
    network.decide(
        packet -> {
          packet.release();
          return Optional.empty();
        });
    long start = System.nanoTime();
    assertThat(result(pinger.ping(request().withTimeout(SHORT))))
        .isEqualTo(new PingResult.TimedOut(1));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT);
  }

  @Test
  void an_answer_with_other_data_is_none() throws Exception {
    AtomicInteger passed = new AtomicInteger();
    network.decide(
        packet -> {
          if (passed.incrementAndGet() == 2) {
            int last = packet.writerIndex() - 1;
            packet.setByte(last, packet.getByte(last) ^ 1);
            fixIcmpChecksum(packet);
          }
          return Optional.of(packet);
        });
    assertThat(result(pinger.ping(request().withTimeout(SHORT))))
        .isEqualTo(new PingResult.TimedOut(1));
    assertThat(passed).hasValue(2);
    assertThat(result(pinger.ping(request()))).isInstanceOf(PingResult.Reply.class);
  }

  @Test
  void an_answer_with_a_wrong_checksum_is_none() throws Exception {
    AtomicInteger passed = new AtomicInteger();
    network.decide(
        packet -> {
          if (passed.incrementAndGet() == 2) {
            packet.setByte(24, packet.getByte(24) ^ 1);
          }
          return Optional.of(packet);
        });
    assertThat(result(pinger.ping(request().withTimeout(SHORT))))
        .isEqualTo(new PingResult.TimedOut(1));
    assertThat(passed).hasValue(2);
  }

  @Test
  void errors_are_matched_to_their_request_and_told_in_words() throws Exception {
    assertThat(reported(IcmpError.HOP_LIMIT_EXCEEDED, 0)).containsOnly("too many hops");
    assertThat(reported(IcmpError.NO_ROUTE, 0)).containsOnly("no route to the destination");
    assertThat(reported(IcmpError.ADDRESS_UNREACHABLE, 0))
        .containsOnly("the destination is not there");
    assertThat(reported(IcmpError.ADMIN_PROHIBITED, 0)).containsOnly("forbidden by the policy");
    assertThat(reported(IcmpError.PACKET_TOO_BIG, 1280))
        .containsOnly("the packet is too big, at most 1280 bytes fit");
  }

  @Test
  void an_error_about_another_request_is_none_of_ours() throws Exception {
    network.decide(
        packet -> {
          packet.setShort(24, packet.getUnsignedShort(24) ^ 1);
          fixIcmpChecksum(packet);
          return Optional.of(error(packet, IcmpError.NO_ROUTE, 0));
        });
    assertThat(result(pinger.ping(request().withTimeout(SHORT))))
        .isEqualTo(new PingResult.TimedOut(1));
  }

  @Test
  void a_packet_that_is_too_big_for_the_tunnel_is_told_with_what_fits() throws Exception {
    await().until(() -> near.mtu() >= 1280);
    int room = near.mtu() - 28;
    assertThat(result(pinger.ping(request().withDataBytes(room + 1))))
        .isEqualTo(
            new PingResult.NotSent(
                "the packet of %d bytes is too big for the tunnel, at most %d fit"
                    .formatted(near.mtu() + 1, near.mtu())));
  }

  @Test
  void without_a_tunnel_or_an_address_nothing_is_sent() throws Exception {
    PacketTunnel only4 =
        PacketTunnel.connect(
            network
                .node(NodeIdentity.ephemeral(), "four")
                .wanted(List.of(IpAddress.parse("0.0.0.0")))
                .build());
    try (var one = Pinger.on(only4)) {
      assertThat(result(one.ping(PingRequest.to(far.addresses().get(1)))))
          .isEqualTo(new PingResult.NotSent("this node has no IPv6 address"));
      only4.close();
      assertThat(result(one.ping(request())))
          .isEqualTo(new PingResult.NotSent("the tunnel is closed"));
    }
  }

  @Test
  void a_pinger_that_is_closed_keeps_nobody_waiting() throws Exception {
    network.decide(
        packet -> {
          packet.release();
          return Optional.empty();
        });
    var result = pinger.ping(request().withTimeout(Duration.ofHours(1)));
    pinger.close();
    assertThat(result(result)).isEqualTo(new PingResult.TimedOut(1));
  }

  @Test
  void a_request_that_makes_no_sense_is_refused_with_what_is_allowed() {
    assertThatThrownBy(() -> request().withDataBytes(70_000)).hasMessageContaining("0 to 65507");
    assertThatThrownBy(() -> request().withHopLimit(0)).hasMessageContaining("1 to 255");
    assertThatThrownBy(() -> PingRequest.to(IpAddress.parse("::")))
        .hasMessageContaining("the address of a node");
  }

  private PingRequest request() {
    return PingRequest.to(far.addresses().getFirst());
  }

  /// What a ping over each family comes to when the network answers with an error.
  private List<String> reported(IcmpError error, int mtu) throws Exception {
    network.decide(packet -> Optional.of(error(packet, error, mtu)));
    List<String> words = new ArrayList<>();
    for (IpAddress target : far.addresses()) {
      var reported = (PingResult.Reported) result(pinger.ping(PingRequest.to(target)));
      assertThat(reported.from()).isIn(REPORTER_4, REPORTER_6);
      words.add(reported.words());
    }
    return words;
  }

  /// The error about a packet, which is released.
  private static ByteBuf error(ByteBuf packet, IcmpError error, int mtu) {
    IpPacket view = parsed(packet);
    byte[] from = (view.isIpv4() ? REPORTER_4 : REPORTER_6).bytes();
    ByteBuf out = Unpooled.buffer(IcmpErrors.lengthAbout(view));
    IcmpErrors.write(
        error,
        mtu,
        view,
        packet,
        view.isIpv4() ? 0 : Ipv6Address.high(from),
        view.isIpv4() ? Ipv4Address.of(from) & 0xffff_ffffL : Ipv6Address.low(from),
        out);
    packet.release();
    return out;
  }

  private static void fixIcmpChecksum(ByteBuf packet) {
    IpPacket view = parsed(packet);
    IcmpHeader.writeChecksum(packet, view.transportAt(), view.transportBytes(), 0);
  }

  private static IpPacket parsed(ByteBuf packet) {
    IpPacket view = new IpPacket();
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    return view;
  }

  private static PingResult result(CompletionStage<PingResult> ping) throws Exception {
    return ping.toCompletableFuture().get(10, TimeUnit.SECONDS);
  }
}
