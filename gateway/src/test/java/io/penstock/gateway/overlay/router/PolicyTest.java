package io.penstock.gateway.overlay.router;

import static io.penstock.gateway.overlay.router.Packets.fragment;
import static io.penstock.gateway.overlay.router.Packets.ip;
import static io.penstock.gateway.overlay.router.Packets.ping;
import static io.penstock.gateway.overlay.router.Packets.tcp;
import static io.penstock.gateway.overlay.router.Packets.udp;
import static io.penstock.gateway.overlay.router.Packets.udpPayload;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.gateway.overlay.router.AllowRule.Protocol;
import io.penstock.gateway.overlay.router.TestNetwork.TestNode;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PolicyTest {

  private static final String A = "10.64.0.2";
  private static final String B = "10.64.0.3";
  private static final String C = "10.64.0.4";
  private static final int SYN = TcpHeader.SYN;
  private static final int ACK = TcpHeader.ACK;

  private TestNetwork net =
      network(RouterConfig.builder(), "user:ann", "node:db", Protocol.TCP, "80");
  private TestNode a;
  private TestNode b;

  PolicyTest() {
    populate();
  }

  @AfterEach
  void close() {
    net.close();
  }

  private static TestNetwork network(
      RouterConfig.Builder config, String from, String to, Protocol protocol, String... ports) {
    List<PortRange> ranges = Arrays.stream(ports).map(PortRange::parse).toList();
    AllowRule rule = new AllowRule(Party.parse(from), Party.parse(to), protocol, ranges);
    return new TestNetwork(config.build(), new OverlayPolicy(List.of(rule)));
  }

  private void populate() {
    a = net.node("laptop", "ann", net.loop1, A);
    b = net.node("db", "bob", net.loop2, B);
  }

  private void restart(TestNetwork other) {
    net.close();
    net = other;
    populate();
  }

  @Test
  void an_opener_that_a_rule_names_gets_through_and_so_does_the_answer() {
    a.send(tcp(A, B, 5000, 80, SYN));
    assertThat(b.drain()).isEqualTo(1);
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    assertThat(a.drain()).isEqualTo(1);
    a.send(tcp(A, B, 5000, 80, ACK));
    assertThat(b.drain()).isEqualTo(1);
    assertThat(net.router.report().flows()).isEqualTo(1);
  }

  @Test
  void everything_else_is_prohibited_and_said_so() {
    a.send(tcp(A, B, 5000, 81, SYN));
    a.send(udp(A, B, 5000, 80, 10));
    a.send(ping(A, B, 1));
    b.hasNothing();
    b.send(tcp(B, A, 80, 5000, SYN));
    b.send(tcp(B, A, 80, 5000, ACK));

    assertThat(net.drops(DropReason.POLICY)).isEqualTo(5);
    assertThat(net.router.report().icmpSent()).containsEntry(IcmpError.ADMIN_PROHIBITED, 5L);
    assertThat(a.next().protocol()).isEqualTo(IpProtocol.ICMP);
    assertThat(a.drain()).isEqualTo(2);
    assertThat(b.drain()).isEqualTo(2);
    assertThat(net.router.report().flows()).isZero();
  }

  @Test
  void an_answer_must_come_from_the_very_port() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.drain();
    b.send(tcp(B, A, 81, 5000, ACK));
    b.send(tcp(B, A, 80, 5001, ACK));

    assertThat(net.drops(DropReason.POLICY)).isEqualTo(2);
    a.hasNothing();
  }

  @Test
  void a_flow_ends_when_nothing_was_sent_for_its_time() {
    a.send(tcp(A, B, 5000, 80, SYN));
    net.pass(Duration.ofSeconds(74));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    assertThat(a.drain()).isEqualTo(1);
    net.pass(Duration.ofMinutes(123));
    b.send(tcp(B, A, 80, 5000, ACK));
    assertThat(a.drain()).isEqualTo(1);
    net.pass(Duration.ofMinutes(124));
    b.send(tcp(B, A, 80, 5000, ACK));

    a.hasNothing();
    assertThat(net.router.report().flows()).isZero();
    b.drain();
  }

  @Test
  void a_connection_that_was_not_answered_is_forgotten_sooner() {
    a.send(tcp(A, B, 5000, 80, SYN));
    net.pass(Duration.ofSeconds(75));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));

    a.hasNothing();
  }

  @Test
  void a_closed_connection_is_forgotten_sooner_and_may_be_opened_again() {
    int fin = TcpHeader.FIN | ACK;
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    a.send(tcp(A, B, 5000, 80, fin));
    net.pass(Duration.ofMinutes(10));
    b.send(tcp(B, A, 80, 5000, fin));
    assertThat(a.drain()).isEqualTo(2);
    net.pass(Duration.ofSeconds(76));
    b.send(tcp(B, A, 80, 5000, ACK));
    a.hasNothing();

    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, TcpHeader.RST | ACK));
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    net.pass(Duration.ofMinutes(60));
    b.send(tcp(B, A, 80, 5000, ACK));
    assertThat(a.drain()).isEqualTo(3);
  }

  @Test
  void a_syn_of_the_other_end_is_a_connection_of_its_own_and_needs_its_own_rule() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    a.send(tcp(A, B, 5000, 80, ACK));
    assertThat(a.drain()).isEqualTo(1);
    assertThat(b.drain()).isEqualTo(2);

    b.send(tcp(B, A, 80, 5000, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | TcpHeader.ECE | TcpHeader.CWR));
    a.hasNothing();
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(2);
    assertThat(b.drain()).as("both are said to be prohibited").isEqualTo(2);

    a.send(tcp(A, B, 5000, 80, TcpHeader.RST));
    assertThat(b.drain()).isEqualTo(1);
    b.send(tcp(B, A, 80, 5000, SYN));
    a.hasNothing();
    assertThat(net.drops(DropReason.POLICY)).as("a closed one, too").isEqualTo(3);
    b.drain();
  }

  @Test
  void syns_that_cross_each_other_are_one_connection() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN));
    b.send(tcp(B, A, 80, 5000, SYN));
    a.send(tcp(A, B, 5000, 80, SYN | ACK));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    assertThat(a.drain()).isEqualTo(3);
    assertThat(b.drain()).isEqualTo(2);
    b.send(tcp(B, A, 80, 5000, SYN));
    a.hasNothing();
    assertThat(net.router.report().flows()).isEqualTo(1);
    b.drain();
  }

  @Test
  void a_syn_that_answers_a_syn_makes_no_flow_last_longer_than_one_without_an_answer() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN));
    a.drain();
    net.pass(Duration.ofSeconds(75));
    b.send(tcp(B, A, 80, 5000, ACK));

    a.hasNothing();
    b.drain();
  }

  @Test
  void a_flow_that_was_taken_up_in_its_midst_awaits_no_syn_of_the_other_end() {
    a.send(tcp(A, B, 5000, 80, ACK));
    b.send(tcp(B, A, 80, 5000, SYN));

    a.hasNothing();
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(1);
    b.drain();
  }

  @Test
  void a_flow_that_the_other_end_opens_by_a_rule_of_its_own_is_the_other_ends() {
    restart(network(RouterConfig.builder().flows(65_536, 1), "*", "*", Protocol.TCP));
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    b.send(tcp(B, A, 80, 5000, SYN));
    assertThat(a.drain()).isEqualTo(2);
    assertThat(net.router.report().flows()).isEqualTo(1);

    b.send(tcp(B, A, 81, 5000, SYN));
    assertThat(net.drops(DropReason.FLOWS_FULL)).as("it counts for b now").isEqualTo(1);
    a.send(tcp(A, B, 5001, 80, SYN));
    assertThat(net.drops(DropReason.FLOWS_FULL)).as("and no more for a").isEqualTo(1);
    a.send(tcp(A, B, 5000, 80, SYN | ACK));
    assertThat(b.drain()).isEqualTo(3);
  }

  @Test
  void nodes_of_one_user_need_no_rule_and_make_no_flows() {
    TestNode other = net.node("tablet", "ann", net.loop2, C);
    a.send(udp(A, C, 1, 2, 10));
    a.send(ping(A, C, 1));
    other.send(tcp(C, A, 1, 2, SYN));

    assertThat(other.drain()).isEqualTo(2);
    assertThat(a.drain()).isEqualTo(1);
    assertThat(net.router.report().flows()).isZero();
  }

  @Test
  void a_service_of_the_gateway_is_reached_by_all_and_reaches_all() {
    TestPort port = new TestPort(net.loop1);
    Attached service =
        net.router.attach(
            new NodeTunnel(
                java.util.UUID.randomUUID(),
                "gateway",
                "",
                NodeTunnel.Kind.SERVICE,
                TestNetwork.leased(1, TestNetwork.GATEWAY_4),
                port));
    b.send(udp(B, TestNetwork.GATEWAY_4, 5000, 53, 10));
    Objects.requireNonNull(port.sent().poll()).release();
    service.receive(udp(TestNetwork.GATEWAY_4, B, 53, 5000, 10));
    net.settle();

    assertThat(b.drain()).isEqualTo(1);
  }

  @Test
  void echo_is_answered_only_to_who_asked() {
    restart(network(RouterConfig.builder(), "user:ann", "*", Protocol.ICMP));
    b.send(ping(B, A, 7));
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(1);
    assertThat(b.drain()).isEqualTo(1);

    a.send(ping(A, B, 7));
    ByteBuf request = Objects.requireNonNull(b.poll());
    b.send(reply(request));
    assertThat(a.drain()).isEqualTo(1);

    b.send(ping(B, A, 7));
    b.send(ping(B, A, 0));
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(3);
    net.pass(Duration.ofSeconds(61));
    b.send(reply(request));
    a.hasNothing();
    request.release();
  }

  private static ByteBuf reply(ByteBuf request) {
    IpPacket view = new IpPacket();
    view.parse(request);
    ByteBuf reply = request.alloc().directBuffer(request.readableBytes());
    IcmpEcho.writeReply(view, request, 64, reply);
    return reply;
  }

  @Test
  void an_icmp_error_passes_only_when_it_quotes_a_packet_of_a_flow() {
    a.send(tcp(A, B, 5000, 80, SYN));
    ByteBuf arrived = Objects.requireNonNull(b.poll());
    b.send(error(arrived, B));
    assertThat(a.drain()).isEqualTo(1);

    ByteBuf never = tcp(A, B, 5001, 80, SYN);
    b.send(error(never, B));
    ByteBuf reversed = tcp(B, A, 80, 5000, ACK);
    b.send(error(reversed, B, A));
    ByteBuf broken = error(arrived, B);
    broken.setByte(28, 0x11);
    b.send(broken);
    arrived.release();
    never.release();
    reversed.release();

    a.hasNothing();
    b.hasNothing();
    assertThat(net.drops(DropReason.UNRELATED_ERROR)).isEqualTo(3);
  }

  @Test
  void a_redirect_is_never_forwarded_between_users() {
    a.send(tcp(A, B, 5000, 80, SYN));
    ByteBuf arrived = Objects.requireNonNull(b.poll());
    ByteBuf redirect = error(arrived, B);
    redirect.setByte(20, IcmpHeader.REDIRECT);
    b.send(redirect);
    arrived.release();

    a.hasNothing();
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(1);
  }

  private static ByteBuf error(ByteBuf about, String reporter) {
    IpPacket view = new IpPacket();
    view.parse(about);
    ByteBuf out = about.alloc().directBuffer(576);
    IcmpErrors.write(
        IcmpError.PORT_UNREACHABLE, 0, view, about, 0, Packets.ip4(reporter) & 0xffff_ffffL, out);
    return out;
  }

  private static ByteBuf error(ByteBuf about, String reporter, String to) {
    ByteBuf message = error(about, reporter);
    ByteBuf icmp = Unpooled.copiedBuffer(message.slice(20, message.readableBytes() - 20));
    message.release();
    return ip(reporter, to, IpProtocol.ICMP, 64, icmp);
  }

  @Test
  void later_fragments_follow_the_first_one() {
    restart(network(RouterConfig.builder(), "user:ann", "*", Protocol.UDP, "53"));
    a.send(fragment(A, B, 9, 16, true, Unpooled.buffer().writeZero(16)));
    assertThat(net.drops(DropReason.UNKNOWN_FRAGMENT)).isEqualTo(1);

    a.send(fragment(A, B, 9, 0, true, udpPayload(5000, 53, 8)));
    a.send(fragment(A, B, 9, 16, true, Unpooled.buffer().writeZero(16)));
    a.send(fragment(A, B, 9, 32, false, Unpooled.buffer().writeZero(5)));
    assertThat(b.drain()).isEqualTo(3);

    a.send(fragment(A, B, 10, 16, false, Unpooled.buffer().writeZero(16)));
    a.send(fragment(A, B, 11, 0, true, udpPayload(5000, 54, 8)));
    a.send(fragment(A, B, 11, 16, false, Unpooled.buffer().writeZero(16)));
    net.pass(Duration.ofSeconds(6));
    a.send(fragment(A, B, 9, 32, false, Unpooled.buffer().writeZero(5)));
    b.hasNothing();
    assertThat(net.drops(DropReason.UNKNOWN_FRAGMENT)).isEqualTo(4);
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(1);
  }

  @Test
  void only_so_many_fragmented_packets_are_remembered() {
    restart(network(RouterConfig.builder(), "user:ann", "*", Protocol.UDP, "53"));
    for (int id = 0; id < 17; id++) {
      a.send(fragment(A, B, id, 0, true, udpPayload(5000, 53, 8)));
    }
    b.drain();
    a.send(fragment(A, B, 0, 16, false, Unpooled.buffer().writeZero(16)));
    b.hasNothing();
    a.send(fragment(A, B, 1, 16, false, Unpooled.buffer().writeZero(16)));
    a.send(fragment(A, B, 16, 16, false, Unpooled.buffer().writeZero(16)));
    assertThat(b.drain()).isEqualTo(2);
  }

  @Test
  void a_node_opens_so_many_flows_and_not_at_the_cost_of_others() {
    restart(network(RouterConfig.builder().flows(65_536, 10), "*", "*", Protocol.UDP));
    TestNode c = net.node("other", "cid", net.loop1, C);
    for (int port = 1; port <= 30; port++) {
      a.send(udp(A, B, port, 53, 10));
    }
    assertThat(b.drain()).isEqualTo(10);
    assertThat(net.drops(DropReason.FLOWS_FULL)).isEqualTo(20);
    a.hasNothing();
    c.send(udp(C, B, 1, 53, 10));
    b.send(udp(B, A, 53, 1, 10));
    assertThat(b.drain()).isEqualTo(1);
    assertThat(a.drain()).isEqualTo(1);

    net.pass(Duration.ofMinutes(3));
    for (int i = 0; i < 200; i++) {
      a.send(udp(A, B, 100 + i % 5, 53, 10));
    }
    assertThat(b.drain()).isPositive();
  }

  @Test
  void a_flow_outlives_the_tunnels_of_both_nodes() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    a.drain();
    a.attached().detach();
    b.send(tcp(B, A, 80, 5000, ACK));
    assertThat(net.drops(DropReason.ON_HOLD)).isEqualTo(1);
    b.drain();
    a.reconnect(net.loop2, 2, A);
    b.reconnect(net.loop1, 2, B);
    net.settle();

    b.send(tcp(B, A, 80, 5000, ACK));
    assertThat(a.drain()).isEqualTo(1);
  }

  @Test
  void who_gets_an_address_later_inherits_no_flow() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.send(tcp(B, A, 80, 5000, SYN | ACK));
    a.drain();
    a.attached().detach();
    net.router.release(TestNetwork.leased(1, A).getFirst());
    assertThat(net.router.report().flows()).isZero();
    TestNode next = net.node("next", "eve", net.loop1, A);
    b.send(tcp(B, A, 80, 5000, ACK));

    next.hasNothing();
    assertThat(net.drops(DropReason.POLICY)).isEqualTo(1);
  }

  @Test
  void a_lease_that_goes_straight_to_another_node_takes_no_flow_along() {
    a.send(tcp(A, B, 5000, 80, SYN));
    b.drain();
    net.router.attach(
        new NodeTunnel(
            java.util.UUID.randomUUID(),
            "next",
            "eve",
            NodeTunnel.Kind.NODE,
            TestNetwork.leased(2, A),
            new TestPort(net.loop1)));

    assertThat(net.router.report().flows()).isZero();
    assertThat(a.attached().isCurrent()).isFalse();
  }

  @Test
  void new_rules_hold_at_once_for_open_flows_too() {
    a.send(tcp(A, B, 5000, 80, SYN));
    assertThat(b.drain()).isEqualTo(1);
    net.router.apply(OverlayPolicy.SAME_USER_ONLY);
    a.send(tcp(A, B, 5000, 80, ACK));
    b.hasNothing();

    AllowRule rule =
        new AllowRule(Party.parse("*"), Party.parse("user:bob"), Protocol.ANY, List.of());
    net.router.apply(new OverlayPolicy(List.of(rule)));
    a.send(tcp(A, B, 5000, 80, ACK));
    a.send(ip(A, B, 132, 64, Unpooled.buffer().writeZero(12)));
    assertThat(b.drain()).isEqualTo(2);
  }

  @Test
  void the_right_one_of_many_rules_is_found() {
    List<AllowRule> rules = new java.util.ArrayList<>();
    for (int port = 1; port <= 200; port++) {
      rules.add(
          new AllowRule(
              Party.parse(port % 2 == 0 ? "user:ann" : "user:cid"),
              Party.parse("node:db"),
              Protocol.UDP,
              List.of(new PortRange(port, port))));
    }
    net.router.apply(new OverlayPolicy(rules));
    for (int port = 1; port <= 201; port++) {
      a.send(udp(A, B, 5000, port, 10));
    }
    assertThat(b.drain()).isEqualTo(100);
  }
}
