package io.penstock.gateway.overlay.router;

import static io.penstock.gateway.overlay.router.Packets.udp;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.gateway.overlay.router.TestNetwork.TestNode;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The fair queue in front of a tunnel that is slower than what is sent to it.
class QueueTest {

  private static final Duration MILLI = Duration.ofMillis(1);

  private TestNetwork net = new TestNetwork(RouterConfig.DEFAULT, OverlayPolicy.SAME_USER_ONLY);

  @AfterEach
  void close() {
    net.close();
  }

  private static String address(int number) {
    return "10.64.1." + number;
  }

  private static int senderOf(ByteBuf packet) {
    int number = Ipv4Header.source(packet, packet.readerIndex()) & 0xff;
    packet.release();
    return number;
  }

  /// Every sender sends its number of packets per millisecond for some time, over one flow each or
  /// over many, while the destination takes ten. Returns what arrived from each.
  private int[] contend(int[] packetsPerMilli, int flows, boolean oneLoop, int millis) {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode[] senders = new TestNode[packetsPerMilli.length];
    for (int i = 0; i < senders.length; i++) {
      TestLoop loop = oneLoop ? net.loop1 : net.loop2;
      senders[i] = net.node("s" + i, "ann", loop, address(i));
    }
    int[] arrived = new int[senders.length];
    destination.port().room(0);
    int turn = 0;
    for (int milli = 0; milli < millis; milli++) {
      for (int i = 0; i < senders.length; i++) {
        for (int n = 0; n < packetsPerMilli[i]; n++) {
          ByteBuf packet = udp(address(i), address(200), 1000 + turn++ % flows, 53, 1000);
          senders[i].attached().receive(packet);
        }
      }
      net.pass(MILLI);
      net.settle();
      destination.port().room(10);
      net.settle();
      for (ByteBuf p = destination.poll(); p != null; p = destination.poll()) {
        arrived[senderOf(p)]++;
      }
    }
    return arrived;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_sender_that_floods_takes_at_most_its_share(boolean oneLoop) {
    int[] arrived = contend(new int[] {100, 10}, 1, oneLoop, 1_000);

    assertThat(arrived[0] + arrived[1]).isEqualTo(10_000);
    assertThat(arrived[1]).isBetween(4_750, 5_250);
  }

  @Test
  void many_flows_give_a_sender_no_larger_share() {
    int[] arrived = contend(new int[] {100, 10, 10}, 500, true, 1_000);

    assertThat(arrived[0]).isBetween(3_200, 3_500);
    assertThat(arrived[1]).isBetween(3_200, 3_500);
  }

  @Test
  void who_sends_less_than_its_share_loses_nothing() {
    int[] arrived = contend(new int[] {200, 1, 2, 3}, 1, false, 1_000);

    assertThat(Arrays.copyOfRange(arrived, 1, 4)).containsExactly(1_000, 2_000, 3_000);
    assertThat(arrived[0]).isBetween(3_900, 4_000);
  }

  @Test
  void a_flood_between_two_loops_leaves_others_of_the_same_loops_alone() {
    TestNode flooded = net.node("d", "ann", net.loop1, address(200));
    TestNode calm = net.node("e", "ann", net.loop1, address(201));
    TestNode flooder = net.node("f", "ann", net.loop2, address(1));
    TestNode quiet = net.node("q", "ann", net.loop2, address(2));
    for (int i = 0; i < 10_000; i++) {
      flooder.attached().receive(udp(address(1), address(200), 1, 2, 100));
    }
    for (int i = 0; i < 500; i++) {
      quiet.attached().receive(udp(address(2), address(201), 1, 2, 100));
    }
    net.settle();

    assertThat(calm.drain()).isEqualTo(500);
    assertThat(flooded.drain()).isEqualTo(QueueConfig.DEFAULT_CROSSING_PACKETS / 2);
    assertThat(net.drops(DropReason.CROSSING_FULL))
        .isEqualTo(10_000 - QueueConfig.DEFAULT_CROSSING_PACKETS / 2);
  }

  @Test
  void a_packet_now_and_then_overtakes_the_queue_of_a_flood() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode flooder = net.node("f", "ann", net.loop1, address(1));
    TestNode quiet = net.node("q", "ann", net.loop1, address(2));
    destination.port().room(0);
    for (int i = 0; i < 500; i++) {
      flooder.send(udp(address(1), address(200), 1, 2, 1000));
    }
    quiet.send(udp(address(2), address(200), 1, 2, 10));
    destination.port().room(3);
    net.settle();

    // The flood has the rest of the quantum that it had begun.
    assertThat(senderOf(Objects.requireNonNull(destination.poll()))).isEqualTo(1);
    assertThat(senderOf(Objects.requireNonNull(destination.poll()))).isEqualTo(1);
    assertThat(senderOf(Objects.requireNonNull(destination.poll()))).isEqualTo(2);
  }

  @Test
  void a_small_flow_of_a_node_overtakes_a_large_one_of_the_same_node() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode sender = net.node("s", "ann", net.loop1, address(1));
    destination.port().room(0);
    for (int i = 0; i < 500; i++) {
      sender.send(udp(address(1), address(200), 1, 2, 1000));
    }
    for (int port = 10; port < 20; port++) {
      sender.send(udp(address(1), address(200), port, 2, 10));
    }
    destination.port().room(20);
    net.settle();

    int small = 0;
    for (ByteBuf p = destination.poll(); p != null; p = destination.poll()) {
      small += p.readableBytes() < 100 ? 1 : 0;
      p.release();
    }
    // All but the flows that happen to share the place of the large one.
    assertThat(small).isBetween(6, 10);
  }

  @Test
  void a_standing_queue_is_shortened_until_packets_wait_about_the_target() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode sender = net.node("s", "ann", net.loop1, address(1));
    destination.port().room(0);
    // A sender that answers to nothing, 5 % above what is taken.
    for (int milli = 0; milli < 20_000; milli++) {
      for (int i = 0; i < (milli % 20 == 0 ? 2 : 1); i++) {
        sender.attached().receive(udp(address(1), address(200), 1, 2, 1000));
      }
      net.pass(MILLI);
      net.settle();
      destination.port().room(1);
      net.settle();
      destination.drain();
    }

    // Without CoDel a thousand packets would wait by now.
    assertThat(destination.attached().report().queuedBytes()).isLessThan(60_000);
    assertThat(net.drops(DropReason.QUEUE_DELAY)).isBetween(900L, 1_000L);
    assertThat(net.drops(DropReason.QUEUE_FULL)).isZero();
  }

  @Test
  void a_short_burst_loses_nothing() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode sender = net.node("s", "ann", net.loop1, address(1));
    destination.port().room(0);
    for (int i = 0; i < 500; i++) {
      sender.send(udp(address(1), address(200), 1, 2, 1000));
    }
    int arrived = 0;
    for (int milli = 0; milli < 60; milli++) {
      net.pass(MILLI);
      destination.port().room(10);
      net.settle();
      arrived += destination.drain();
    }

    assertThat(arrived).isEqualTo(500);
  }

  @Test
  void packets_of_ends_that_know_ecn_are_marked_and_not_dropped() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode sender = net.node("s", "ann", net.loop1, address(1));
    destination.port().room(0);
    IpPacket view = new IpPacket();
    int marked = 0;
    for (int milli = 0; milli < 2_000; milli++) {
      for (int i = 0; i < (milli % 2 == 0 ? 10 : 11); i++) {
        ByteBuf packet = udp(address(1), address(200), 1, 2, 500);
        packet.setByte(1, 2).setShort(10, 0);
        packet.setShort(10, InternetChecksum.of(packet, 0, 20));
        sender.attached().receive(packet);
      }
      net.pass(MILLI);
      net.settle();
      destination.port().room(10);
      net.settle();
      for (ByteBuf p = destination.poll(); p != null; p = destination.poll()) {
        assertThat(view.parse(p)).isEqualTo(PacketFault.NONE);
        marked += Ipv4Header.trafficClass(p, 0) == 3 ? 1 : 0;
        p.release();
      }
    }

    assertThat(marked).isGreaterThan(5);
    assertThat(net.router.report().congestionMarks()).isEqualTo(marked);
    assertThat(net.drops(DropReason.QUEUE_DELAY)).isZero();
  }

  @Test
  void a_tunnels_queue_keeps_its_bound_and_drops_the_oldest_of_the_fattest() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode flooder = net.node("f", "ann", net.loop1, address(1));
    TestNode quiet = net.node("q", "ann", net.loop1, address(2));
    destination.port().room(0);
    quiet.send(udp(address(2), address(200), 1, 2, 1000));
    for (int i = 0; i < 5_000; i++) {
      flooder.send(udp(address(1), address(200), 1, 2, i % 2 == 0 ? 1000 : 900));
      assertThat(net.router.report().queuedBytes())
          .isLessThanOrEqualTo(QueueConfig.DEFAULT_TUNNEL_QUEUE_BYTES);
    }
    assertThat(net.drops(DropReason.QUEUE_FULL)).isPositive();
    destination.port().room(5_000);
    net.settle();

    int fromQuiet = 0;
    for (ByteBuf p = destination.poll(); p != null; p = destination.poll()) {
      fromQuiet += senderOf(p) == 2 ? 1 : 0;
    }
    assertThat(fromQuiet).isEqualTo(1);
  }

  @Test
  void all_tunnels_of_a_loop_share_a_bound_that_leaves_room_for_one_more() {
    net.close();
    net =
        new TestNetwork(
            RouterConfig.builder().queueBytes(1 << 20, 1 << 20).build(),
            OverlayPolicy.SAME_USER_ONLY);
    TestNode sender = net.node("s", "ann", net.loop1, address(1));
    for (int d = 100; d < 110; d++) {
      TestNode destination = net.node("d" + d, "ann", net.loop1, address(d));
      destination.port().room(0);
    }
    for (int i = 0; i < 3_000; i++) {
      for (int d = 100; d < 110; d++) {
        sender.send(udp(address(1), address(d), 1, 2, 1000));
      }
    }
    assertThat(net.router.report().queuedBytes()).isLessThanOrEqualTo(1 << 20);

    TestNode last = net.node("last", "ann", net.loop1, address(111));
    last.port().room(0);
    sender.send(udp(address(1), address(111), 1, 2, 1000));
    last.port().room(1);
    net.settle();
    assertThat(last.drain()).isEqualTo(1);
  }

  @Test
  void a_small_packet_in_a_large_buffer_does_not_hold_it() {
    TestNode destination = net.node("d", "ann", net.loop1, address(200));
    TestNode sender = net.node("s", "ann", net.loop1, address(1));
    destination.port().room(0);
    sender.send(udp(address(1), address(200), 1, 2, 40));
    for (int i = 1; i < 100; i++) {
      ByteBuf small = udp(address(1), address(200), 1, 2, 40);
      ByteBuf large = Packets.buffer(65_536).writeBytes(small);
      small.release();
      sender.send(large);
      assertThat(large.refCnt()).isZero();
    }
    assertThat(net.router.report().queuedBytes()).isEqualTo(99 * 68);
    destination.port().room(100);
    net.settle();

    assertThat(destination.next().length()).isEqualTo(68);
    assertThat(destination.drain()).isEqualTo(99);
  }

  @Test
  void a_thousand_senders_get_equal_shares() {
    net.close();
    net =
        new TestNetwork(
            RouterConfig.builder().queueBytes(16 << 20, 16 << 20).build(),
            OverlayPolicy.SAME_USER_ONLY);
    TestNode destination = net.node("d", "ann", net.loop1, "10.65.255.1");
    destination.port().room(0);
    for (int i = 0; i < 1_000; i++) {
      String address = "10.64." + i / 250 + "." + i % 250;
      TestNode sender = net.node("s" + i, "ann", net.loop1, address);
      for (int n = 0; n < 4; n++) {
        sender.send(udp(address, "10.65.255.1", 1, 2, 1200));
      }
    }
    destination.port().room(2_000);
    net.settle();

    // A quantum of 1500 bytes begins two packets of 1228.
    int[] sources = new int[1_000];
    for (ByteBuf p = destination.poll(); p != null; p = destination.poll()) {
      int source = Ipv4Header.source(p, 0);
      sources[(source >>> 8 & 0xff) * 250 + (source & 0xff)]++;
      p.release();
    }
    assertThat(sources).containsOnly(2);
  }
}
