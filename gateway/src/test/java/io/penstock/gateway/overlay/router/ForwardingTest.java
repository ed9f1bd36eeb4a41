package io.penstock.gateway.overlay.router;

import static io.penstock.gateway.overlay.router.Packets.ip;
import static io.penstock.gateway.overlay.router.Packets.ip4;
import static io.penstock.gateway.overlay.router.Packets.syn;
import static io.penstock.gateway.overlay.router.Packets.udp;
import static io.penstock.gateway.overlay.router.Packets.udpPayload;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.penstock.gateway.overlay.router.TestNetwork.TestNode;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ForwardingTest {

  private static final String A4 = "10.64.0.2";
  private static final String B4 = "10.64.0.3";
  private static final String C4 = "10.64.0.4";
  private static final String A6 = "fd00:64::2";
  private static final String C6 = "fd00:64::4";

  private static final int ALL_ERRORS = 500;
  private static final int ERRORS_PER_SOURCE = 50;

  private final TestNetwork net =
      new TestNetwork(
          RouterConfig.builder().icmpErrors(ALL_ERRORS, ERRORS_PER_SOURCE).build(),
          OverlayPolicy.SAME_USER_ONLY);
  private final TestNode a = net.node("a", "ann", net.loop1, A4, A6);
  private final TestNode b = net.node("b", "ann", net.loop1, B4);
  private final TestNode c = net.node("c", "ann", net.loop2, C4, C6);

  @AfterEach
  void close() {
    net.close();
  }

  @ParameterizedTest
  @CsvSource({A4 + "," + B4, A4 + "," + C4, A6 + "," + C6, C4 + "," + A4})
  void a_packet_arrives_with_its_hop_limit_lowered_and_nothing_else_changed(
      String from, String to) {
    ByteBuf packet = udp(from, to, 1, 2, 100);
    ByteBuf expected = ip(from, to, IpProtocol.UDP, 63, udpPayload(1, 2, 100));

    (from.equals(C4) ? c : a).send(packet);

    ByteBuf arrived = (to.equals(B4) ? b : to.equals(A4) ? a : c).poll();
    assertThat(arrived).isNotNull();
    assertThat(ByteBufUtil.hexDump(arrived)).isEqualTo(ByteBufUtil.hexDump(expected));
    expected.release();
    arrived.release();
  }

  @Test
  void a_burst_crosses_over_in_one_task_and_is_flushed_once() {
    int tasks = net.loop2.executed();
    for (int i = 0; i < 100; i++) {
      a.attached().receive(udp(A4, C4, 1, 2, 100));
    }
    net.settle();

    assertThat(net.loop2.executed() - tasks).isEqualTo(1);
    assertThat(c.port().flushes()).isEqualTo(1);
    assertThat(c.drain()).isEqualTo(100);
    RouterReport report = net.router.report();
    assertThat(report.receivedPackets()).isEqualTo(100);
    assertThat(report.sentPackets()).isEqualTo(100);
    assertThat(report.sentBytes()).isEqualTo(12_800);
    assertThat(report.routes()).isEqualTo(5);
    assertThat(c.attached().report().sentPackets()).isEqualTo(100);
    assertThat(a.attached().report().receivedBytes()).isEqualTo(12_800);
  }

  @Test
  void packets_of_a_flow_keep_their_order() {
    for (int i = 0; i < 50; i++) {
      a.attached().receive(udp(A4, C4, 1, 2, i));
    }
    net.settle();

    for (int i = 0; i < 50; i++) {
      assertThat(c.next().length()).isEqualTo(28 + i);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {B4, C4, A6, "10.99.0.1", "127.0.0.1", "0.0.0.0"})
  void a_source_that_is_not_the_tunnels_own_is_refused(String source) {
    String to = source.equals(A6) ? C6 : C4;
    TestNode from = source.equals(A6) ? b : a;
    from.send(udp(source, to, 1, 2, 10));

    c.hasNothing();
    a.hasNothing();
    assertThat(net.drops(DropReason.SPOOFED_SOURCE)).isEqualTo(1);
    assertThat(from.attached().report().refusedPackets()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "224.0.0.1",
        "255.255.255.255",
        "127.0.0.1",
        "169.254.0.1",
        "0.0.0.0",
        "240.0.0.1"
      })
  void a_destination_that_no_single_host_can_have_is_dropped_silently(String to) {
    a.send(udp(A4, to, 1, 2, 10));

    a.hasNothing();
    assertThat(net.drops(DropReason.UNROUTABLE_DESTINATION)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"ff02::1", "fe80::1", "::1", "::"})
  void the_same_holds_for_ipv6(String to) {
    a.send(udp(A6, to, 1, 2, 10));

    a.hasNothing();
    assertThat(net.drops(DropReason.UNROUTABLE_DESTINATION)).isEqualTo(1);
  }

  @Test
  void a_malformed_packet_is_dropped_and_counted_by_its_fault() {
    ByteBuf cut = udp(A4, C4, 1, 2, 10);
    cut.writerIndex(cut.writerIndex() - 1);
    ByteBuf corrupt = udp(A4, C4, 1, 2, 10);
    corrupt.setByte(8, 65);
    a.send(cut);
    a.send(corrupt);
    a.send(udp(A4, C4, 1, 2, 10).writeByte(0));
    a.send(udp(A4, C4, 1, 2, 10).setByte(0, 0x55));
    a.send(udp(A4, C4, 1, 2, 0).clear());

    c.hasNothing();
    assertThat(net.drops(DropReason.TRUNCATED)).isEqualTo(2);
    assertThat(net.drops(DropReason.BAD_CHECKSUM)).isEqualTo(1);
    assertThat(net.drops(DropReason.TRAILING_BYTES)).isEqualTo(1);
    assertThat(net.drops(DropReason.BAD_VERSION)).isEqualTo(1);
  }

  @Test
  void every_fault_of_a_packet_has_a_reason_of_its_own() {
    for (PacketFault fault : PacketFault.values()) {
      if (fault != PacketFault.NONE) {
        assertThat(DropReason.of(fault).code()).isEqualTo(fault.code());
      }
    }
  }

  @Test
  void a_packet_whose_hops_are_used_up_is_answered_with_time_exceeded() {
    a.send(ip(A4, C4, IpProtocol.UDP, 1, udpPayload(1, 2, 10)));
    ByteBuf error = Objects.requireNonNull(a.poll());
    IpPacket view = new IpPacket();
    assertThat(view.parse(error)).isEqualTo(PacketFault.NONE);
    assertThat(view.sourceLow()).isEqualTo(ip4(TestNetwork.GATEWAY_4));
    assertThat(IcmpHeader.type(error, view.transportAt())).isEqualTo(IcmpHeader.TIME_EXCEEDED);
    error.release();

    a.send(ip(A6, C6, IpProtocol.UDP, 0, udpPayload(1, 2, 10)));
    error = Objects.requireNonNull(a.poll());
    assertThat(view.parse(error)).isEqualTo(PacketFault.NONE);
    assertThat(IcmpHeader.type(error, view.transportAt())).isEqualTo(Icmp6Header.TIME_EXCEEDED);
    error.release();
    c.hasNothing();
    assertThat(net.drops(DropReason.HOP_LIMIT)).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 64})
  void what_is_for_the_gateway_itself_or_from_it_has_made_no_hop(int hopLimit) {
    TestPort port = new TestPort(net.loop2);
    Attached service =
        net.router.attach(
            new NodeTunnel(
                new UUID(0, 0),
                "gateway",
                "gateway",
                NodeTunnel.Kind.SERVICE,
                TestNetwork.leased(0, TestNetwork.GATEWAY_4, TestNetwork.GATEWAY_6),
                port));
    a.send(ip(A4, TestNetwork.GATEWAY_4, IpProtocol.UDP, hopLimit, udpPayload(1, 2, 10)));
    a.send(ip(A6, TestNetwork.GATEWAY_6, IpProtocol.UDP, hopLimit, udpPayload(1, 2, 10)));
    a.hasNothing();
    for (int i = 0; i < 2; i++) {
      ByteBuf arrived = Objects.requireNonNull(port.sent().poll());
      IpPacket view = new IpPacket();
      assertThat(view.parse(arrived)).isEqualTo(PacketFault.NONE);
      assertThat(view.hopLimit()).isEqualTo(hopLimit);
      arrived.release();
    }
    service.receive(ip(TestNetwork.GATEWAY_4, A4, IpProtocol.UDP, 64, udpPayload(2, 1, 10)));
    net.settle();
    assertThat(a.next().hopLimit()).isEqualTo(64);
    assertThat(net.drops(DropReason.HOP_LIMIT)).isZero();
  }

  @Test
  void a_destination_that_nobody_has_is_unreachable() {
    a.send(udp(A4, "10.64.0.99", 1, 2, 10));

    expectError(a, IcmpHeader.UNREACHABLE, 0);
    assertThat(net.drops(DropReason.NO_ROUTE)).isEqualTo(1);
    assertThat(net.router.report().icmpSent()).containsEntry(IcmpError.NO_ROUTE, 1L);
  }

  @Test
  void no_error_is_sent_about_an_error() {
    ByteBuf message = udpPayload(0, 0, 20);
    message.setByte(0, IcmpHeader.UNREACHABLE);
    a.send(ip(A4, "10.64.0.99", IpProtocol.ICMP, 64, message));

    a.hasNothing();
    assertThat(net.drops(DropReason.NO_ROUTE)).isEqualTo(1);
  }

  @Test
  void a_packet_too_big_for_the_destination_is_answered_with_the_size_that_fits() {
    c.port().mtu(1208);
    a.send(udp(A4, C4, 1, 2, 1208 - 28));
    assertThat(c.next().length()).isEqualTo(1208);

    a.send(udp(A4, C4, 1, 2, 1208 - 27));
    ByteBuf error = Objects.requireNonNull(a.poll());
    IpPacket view = new IpPacket();
    view.parse(error);
    assertThat(IcmpHeader.code(error, view.transportAt())).isEqualTo(4);
    assertThat(IcmpHeader.nextHopMtu(error, view.transportAt())).isEqualTo(1208);
    error.release();

    c.port().mtu(1280);
    a.send(udp(A6, C6, 1, 2, 1280 - 47));
    error = Objects.requireNonNull(a.poll());
    view.parse(error);
    assertThat(IcmpHeader.type(error, view.transportAt())).isEqualTo(Icmp6Header.PACKET_TOO_BIG);
    assertThat(IcmpHeader.rest(error, view.transportAt())).isEqualTo(1280);
    error.release();
    c.hasNothing();
    assertThat(net.drops(DropReason.TOO_BIG)).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"1280, 1208, 1168", "1208, 1280, 1168", "1280, 1280, 1240", "1500, 1500, 1460"})
  void the_mss_of_a_syn_is_clamped_to_what_both_tunnels_carry(int mtuA, int mtuC, int mss) {
    a.port().mtu(mtuA);
    c.port().mtu(mtuC);
    a.send(udp(A4, C4, 1, 2, 0));
    assertThat(c.drain()).isEqualTo(1);

    a.send(syn(A4, C4, 1460));

    ByteBuf arrived = Objects.requireNonNull(c.poll());
    assertThat(TcpHeader.maxSegmentSize(arrived, 20)).isEqualTo(mss);
    long sum = Packets.pseudoHeader(A4, C4, IpProtocol.TCP, 24);
    assertThat(InternetChecksum.finish(InternetChecksum.add(sum, arrived, 20, 24))).isZero();
    arrived.release();
  }

  @Test
  void the_mss_of_ipv6_leaves_room_for_its_longer_header() {
    a.send(syn(A6, C6, 1440));

    ByteBuf arrived = Objects.requireNonNull(c.poll());
    assertThat(TcpHeader.maxSegmentSize(arrived, 40)).isEqualTo(1220);
    arrived.release();
  }

  @Test
  void what_a_port_does_not_take_waits_until_it_has_room() {
    c.port().room(2);
    for (int i = 0; i < 5; i++) {
      a.attached().receive(udp(A4, C4, 1, 2, i));
    }
    net.settle();
    assertThat(c.drain()).isEqualTo(2);
    assertThat(c.attached().report().queuedBytes()).isPositive();

    c.port().room(100);
    net.settle();

    for (int i = 2; i < 5; i++) {
      assertThat(c.next().length()).isEqualTo(28 + i);
    }
    assertThat(c.attached().report().queuedBytes()).isZero();
  }

  @Test
  void packets_for_a_port_that_has_closed_are_dropped_and_neighbours_go_on() {
    c.port().room(0);
    for (int i = 0; i < 3; i++) {
      a.send(udp(A4, C4, 1, 2, 10));
    }
    c.port().close();
    c.port().room(1);
    net.settle();
    a.send(udp(A4, C4, 1, 2, 10));
    a.send(udp(A4, B4, 1, 2, 10));

    assertThat(net.drops(DropReason.PORT_CLOSED)).isEqualTo(4);
    assertThat(b.drain()).isEqualTo(1);
  }

  @Test
  void errors_to_one_source_are_limited_and_others_still_get_theirs() {
    int errors = 0;
    for (int i = 0; i < 1_000; i++) {
      a.send(udp(A4, "10.64.0.99", 1, 2, 10));
      errors += a.drain();
      net.pass(Duration.ofMillis(1));
    }
    assertThat(errors).isBetween(25, 55);
    assertThat(net.router.report().icmpSuppressed()).isEqualTo(1_000 - errors);

    b.send(udp(B4, "10.64.0.99", 1, 2, 10));
    assertThat(b.drain()).isEqualTo(1);
  }

  @Test
  void errors_to_all_sources_together_are_limited_too() {
    int errors = 0;
    for (int i = 0; i < 60; i++) {
      String address = "10.64.1." + i;
      TestNode node = net.node("n" + i, "ann", net.loop2, address);
      node.send(udp(address, "10.64.0.99", 1, 2, 10));
      errors += node.drain();
    }
    // A tenth of the limit of a second, or half of that.
    assertThat(errors).isBetween(ALL_ERRORS / 20, ALL_ERRORS / 10);
    assertThat(net.router.report().icmpSuppressed()).isEqualTo(60 - errors);
  }

  private static void expectError(TestNode node, int type, int code) {
    ByteBuf error = node.poll();
    assertThat(error).isNotNull();
    IpPacket view = new IpPacket();
    assertThat(view.parse(error)).isEqualTo(PacketFault.NONE);
    assertThat(IcmpHeader.type(error, view.transportAt())).isEqualTo(type);
    assertThat(IcmpHeader.code(error, view.transportAt())).isEqualTo(code);
    error.release();
  }
}
