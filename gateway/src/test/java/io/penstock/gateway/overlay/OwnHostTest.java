package io.penstock.gateway.overlay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.gateway.overlay.router.Attached;
import io.penstock.gateway.overlay.router.DropReason;
import io.penstock.gateway.overlay.router.LeasedAddress;
import io.penstock.gateway.overlay.router.NodeTunnel;
import io.penstock.gateway.overlay.router.OverlayPolicy;
import io.penstock.gateway.overlay.router.Packets;
import io.penstock.gateway.overlay.router.Router;
import io.penstock.gateway.overlay.router.RouterConfig;
import io.penstock.gateway.overlay.router.RouterReport;
import io.penstock.gateway.overlay.router.TunnelPort;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The gateway's own addresses, behind the router that limits and counts, in virtual time.
class OwnHostTest {

  private static final String OWN4 = "10.86.0.1";
  private static final String OWN6 = "fd7c:4a1b:93e2::1";
  private static final String NODE4 = "10.86.0.9";
  private static final String NODE6 = "fd7c:4a1b:93e2::9";
  private static final int MAX_WAITING_BYTES = 4096;
  private static final byte[] ANSWER = {1, 2, 3};

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final Queue<ByteBuf> came = new ArrayDeque<>();
  private long nowNanos = 1_000_000_000L;
  private final Router router =
      new Router(
          RouterConfig.DEFAULT,
          List.of(Packets.address(OWN4), Packets.address(OWN6)),
          OverlayPolicy.SAME_USER_ONLY,
          () -> nowNanos,
          42);
  private final Attached node;

  OwnHostTest() {
    OwnHost host =
        new OwnHost(
            channel.eventLoop(),
            (query, _) -> query.length == 0 ? Optional.empty() : Optional.of(ANSWER),
            MAX_WAITING_BYTES);
    host.attach(attach(NodeTunnel.Kind.SERVICE, host, OWN4, OWN6));
    node = attach(NodeTunnel.Kind.NODE, new NodePort(), NODE4, NODE6);
    channel.runPendingTasks();
  }

  @AfterEach
  void close() {
    router.close();
    channel.runPendingTasks();
    came.forEach(ByteBuf::release);
    channel.finishAndReleaseAll();
  }

  private Attached attach(NodeTunnel.Kind kind, TunnelPort port, String ipv4, String ipv6) {
    return router.attach(
        new NodeTunnel(
            UUID.randomUUID(),
            "n",
            "ann",
            kind,
            List.of(
                new LeasedAddress(Packets.address(ipv4), 1),
                new LeasedAddress(Packets.address(ipv6), 1)),
            port));
  }

  /// Keeps what comes to the node.
  private final class NodePort implements TunnelPort {
    private final EventLoop loop = channel.eventLoop();

    @Override
    public Executor loop() {
      return loop;
    }

    @Override
    public boolean inLoop() {
      return true;
    }

    @Override
    public int maxPayloadBytes() {
      return 1280;
    }

    @Override
    public Sent send(ByteBuf packet) {
      came.add(packet);
      return Sent.SENT;
    }

    @Override
    public void flush() {
      // It is there already.
    }

    @Override
    public void displaced() {
      // No address of this node goes elsewhere.
    }

    @Override
    public void onRoom(Runnable drained) {
      // There is always room.
    }
  }

  private void send(ByteBuf packet) {
    node.receive(packet);
    channel.runPendingTasks();
  }

  private long drops(DropReason reason) {
    return router.report().drops().getOrDefault(reason, 0L);
  }

  private int drain() {
    int count = came.size();
    came.forEach(ByteBuf::release);
    came.clear();
    return count;
  }

  /// The type of the ICMP message that came.
  private int icmpType() {
    ByteBuf packet = came.remove();
    IpPacket view = new IpPacket();
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    assertThat(view.isIcmp()).isTrue();
    int type = IcmpHeader.type(packet, view.transportAt());
    packet.release();
    return type;
  }

  private static ByteBuf dns(int checksum, int bytes) {
    ByteBuf message = Packets.udpPayload(5000, 53, bytes);
    message.setShort(UdpHeader.BYTES - 2, checksum);
    return Packets.ip(NODE4, OWN4, IpProtocol.UDP, 64, message);
  }

  private static ByteBuf ping4(int hopLimit) {
    ByteBuf out = Unpooled.buffer();
    IcmpEcho.writeRequest4(
        out,
        Packets.ip4(NODE4),
        Packets.ip4(OWN4),
        hopLimit,
        7,
        1,
        Unpooled.wrappedBuffer(new byte[16]));
    return out;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 64})
  void a_ping_is_answered_however_few_hops_it_has_left(int hopLimit) {
    send(ping4(hopLimit));

    assertThat(icmpType()).isEqualTo(IcmpHeader.ECHO_REPLY);
    assertThat(drops(DropReason.HOP_LIMIT)).isZero();
  }

  @Test
  void a_query_is_answered() {
    send(dns(0, 12));

    ByteBuf answer = came.remove();
    assertThat(answer.readableBytes()).isEqualTo(20 + UdpHeader.BYTES + ANSWER.length);
    answer.release();
  }

  @Test
  void what_nothing_listens_for_is_unreachable_in_both_families() {
    send(Packets.udp(NODE4, OWN4, 5000, 54, 10));
    assertThat(icmpType()).isEqualTo(IcmpHeader.UNREACHABLE);
    send(Packets.tcp(NODE6, OWN6, 5000, 53, TcpHeader.SYN));
    assertThat(icmpType()).isEqualTo(Icmp6Header.UNREACHABLE);

    assertThat(drops(DropReason.NO_SERVICE)).isEqualTo(2);
    assertThat(router.report().icmpSent()).containsEntry(IcmpError.PORT_UNREACHABLE, 2L);
  }

  @Test
  void unreachables_have_the_random_limit_of_all_errors_and_each_packet_is_counted() {
    int[] told = new int[40];
    for (int tenth = 0; tenth < told.length; tenth++) {
      for (int i = 0; i < 20; i++) {
        send(Packets.udp(NODE4, OWN4, 5000, 54, 10));
      }
      told[tenth] = drain();
      nowNanos += 100_000_000;
    }

    // A tenth of 50 in a second, or a random part of that from the half on.
    assertThat(told).contains(3, 4, 5).containsOnly(3, 4, 5);
    assertThat(drops(DropReason.NO_SERVICE)).isEqualTo(20L * told.length);
    long sent = router.report().icmpSent().getOrDefault(IcmpError.PORT_UNREACHABLE, 0L);
    assertThat(router.report().icmpSuppressed()).isEqualTo(20L * told.length - sent);
  }

  @Test
  void icmp_that_asks_for_nothing_is_never_answered() {
    ByteBuf reply = Unpooled.buffer();
    ByteBuf request = ping4(64);
    IpPacket view = new IpPacket();
    view.parse(request);
    IcmpEcho.writeReply(view, request, 64, reply);
    request.release();
    ByteBuf wrongWay = Unpooled.copiedBuffer(reply.slice(20, reply.readableBytes() - 20));
    reply.release();
    send(Packets.ip(NODE4, OWN4, IpProtocol.ICMP, 64, wrongWay));

    assertThat(came).isEmpty();
    assertThat(drops(DropReason.NO_SERVICE)).isEqualTo(1);
  }

  @Test
  void what_is_dropped_is_counted_by_its_reason() {
    send(Packets.fragment(NODE4, OWN4, 9, 0, true, Packets.udpPayload(5000, 53, 8)));
    assertThat(drops(DropReason.SERVICE_FRAGMENT)).isEqualTo(1);
    send(dns(0x1234, 12));
    assertThat(drops(DropReason.SERVICE_CHECKSUM)).isEqualTo(1);
    ByteBuf ping = ping4(64);
    ping.setByte(30, 1);
    send(ping);
    assertThat(drops(DropReason.SERVICE_CHECKSUM)).isEqualTo(2);
    send(dns(0, 0));
    assertThat(drops(DropReason.SERVICE_SILENT)).isEqualTo(1);
    assertThat(came).isEmpty();
  }

  @Test
  void whatever_is_sent_to_it_is_answered_or_counted() {
    Seeds.forEach(
        4_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          RouterReport before = router.report();
          send(mutated(random));
          RouterReport after = router.report();
          long errors = total(after.icmpSent()) - total(before.icmpSent());
          long dropped = total(after.drops()) - total(before.drops());

          assertThat(drain() - errors + dropped).isEqualTo(1);
          nowNanos += 50_000_000;
        });
  }

  private static long total(Map<?, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  private static ByteBuf mutated(SeededRandom random) {
    ByteBuf packet =
        switch (random.between(0, 5)) {
          case 0 -> ping4(random.between(0, 3));
          case 1 -> Packets.ping(NODE6, OWN6, 7);
          case 2 -> dns(0, random.between(0, 40));
          case 3 -> Packets.udp(NODE6, OWN6, 5000, 53, random.between(0, 40));
          case 4 -> Packets.tcp(NODE4, OWN4, 5000, random.between(52, 54), TcpHeader.SYN);
          default ->
              Packets.fragment(
                  NODE4, OWN4, 9, 8 * random.between(0, 2), true, Packets.udpPayload(1, 53, 40));
        };
    int header = Ipv4Header.version(packet, 0) == 4 ? 20 : 40;
    for (int i = random.between(0, 4); i > 0; i--) {
      // Mostly behind the header, as what is wrong with that does not come so far.
      int least = random.percent(10) ? 0 : header;
      packet.setByte(random.between(least, packet.readableBytes() - 1), (int) random.nextLong());
    }
    if (Ipv4Header.version(packet, 0) == 4) {
      packet.setShort(10, 0);
      packet.setShort(10, InternetChecksum.of(packet, 0, 20));
    }
    return packet;
  }

  @Test
  void answers_that_wait_are_bounded_by_their_bytes_and_the_rest_is_counted() {
    for (int i = 0; i < 100; i++) {
      node.receive(dns(0, 12));
      node.receive(ping4(64));
    }
    channel.runPendingTasks();

    int answered = drain();
    assertThat(answered).isBetween(1, MAX_WAITING_BYTES / 31);
    assertThat(drops(DropReason.SERVICE_BUSY)).isEqualTo(200 - answered);
    send(ping4(64));
    assertThat(drain()).as("afterwards").isEqualTo(1);
  }
}
