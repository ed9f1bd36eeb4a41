package io.penstock.protocol.netstack.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PendingFlowsTest {

  private static final long MILLI = 1_000_000L;
  private static final IpEndpoint US = StackPackets.US_4.withPort(80);
  private static final IpEndpoint PEER = StackPackets.PEER_4.withPort(4000);
  private static final IpEndpoint US_6 = StackPackets.US_6.withPort(53);
  private static final IpEndpoint PEER_6 = StackPackets.PEER_6.withPort(4000);

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final StackPackets packets = new StackPackets(allocator);
  private final IpPacket view = new IpPacket();
  private PendingFlows flows = new PendingFlows(PendingFlowsConfig.DEFAULTS, 3);
  private long now = Long.MAX_VALUE - 100 * MILLI;

  @AfterEach
  void nothing_is_held() {
    flows.close();
    assertThat(flows.size()).isZero();
    assertThat(flows.heldBytes()).isZero();
    assertThat(flows.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  private FlowOffer offer(ByteBuf packet) {
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    return flows.offer(view, packet, now);
  }

  private FlowArrived arrived() {
    FlowArrived arrived = flows.pollArrived();
    assertThat(arrived).isNotNull();
    return arrived;
  }

  private List<Integer> take(long id) {
    List<Integer> taken = new ArrayList<>();
    boolean known =
        flows.take(
            id,
            packet -> {
              assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
              taken.add(
                  view.protocol() == IpProtocol.TCP
                      ? TcpHeader.sequenceNumber(packet, view.transportAt())
                      : packet.getByte(view.transportAt() + 8));
              packet.release();
            });
    assertThat(known).isEqualTo(!taken.isEmpty());
    return taken;
  }

  @Test
  void a_syn_waits_and_is_handed_to_who_accepts() {
    assertThat(offer(packets.syn(PEER, US, 77))).isEqualTo(FlowOffer.NEW);

    FlowArrived arrived = arrived();
    assertThat(arrived.protocol()).isEqualTo(IpProtocol.TCP);
    assertThat(arrived.source()).isEqualTo(PEER);
    assertThat(arrived.destination()).isEqualTo(US);
    assertThat(flows.pollArrived()).isNull();
    assertThat(flows.nextDeadlineNanos() - now).isEqualTo(250 * MILLI);

    assertThat(take(arrived.id())).containsExactly(77);

    assertThat(flows.size()).isZero();
    assertThat(flows.count(FlowCounter.ACCEPTED)).isEqualTo(1);
  }

  @Test
  void a_repeated_syn_is_absorbed() {
    offer(packets.syn(PEER, US, 77));
    int held = flows.heldBytes();

    assertThat(offer(packets.syn(PEER, US, 77))).isEqualTo(FlowOffer.ABSORBED);

    assertThat(flows.heldBytes()).isEqualTo(held);
    assertThat(flows.size()).isEqualTo(1);
    assertThat(take(arrived().id())).containsExactly(77);
    assertThat(flows.pollArrived()).isNull();
  }

  @Test
  void a_syn_of_a_new_attempt_takes_the_place_of_the_old() {
    offer(packets.syn(PEER, US, 77));
    int held = flows.heldBytes();

    assertThat(offer(packets.syn(PEER, US, 99))).isEqualTo(FlowOffer.ABSORBED);

    assertThat(flows.heldBytes()).isEqualTo(held);
    assertThat(take(arrived().id())).containsExactly(99);
  }

  @Test
  void flows_that_differ_in_anything_are_different() {
    assertThat(offer(packets.syn(PEER, US, 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.syn(PEER.withPort(4001), US, 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.syn(PEER, US.withPort(81), 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.syn(US.withPort(4000), US, 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.syn(PEER, PEER.withPort(80), 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.syn(PEER_6, US_6, 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.udp(PEER, US, (byte) 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.udp(PEER_6, US_6, (byte) 1))).isEqualTo(FlowOffer.NEW);

    for (int i = 0; i < 8; i++) {
      assertThat(take(arrived().id())).containsExactly(1);
    }
    assertThat(flows.pollArrived()).isNull();
  }

  @Test
  void the_first_datagrams_are_kept_in_order() {
    assertThat(offer(packets.udp(PEER_6, US_6, (byte) 1))).isEqualTo(FlowOffer.NEW);
    assertThat(offer(packets.udp(PEER_6, US_6, (byte) 2))).isEqualTo(FlowOffer.ABSORBED);
    assertThat(offer(packets.udp(PEER_6, US_6, (byte) 2))).isEqualTo(FlowOffer.ABSORBED);

    FlowArrived arrived = arrived();

    assertThat(arrived.protocol()).isEqualTo(IpProtocol.UDP);
    assertThat(take(arrived.id())).containsExactly(1, 2, 2);
  }

  @Test
  void the_first_datagrams_of_all_flows_hold_at_most_64_kibibytes() {
    int dropped = 0;
    for (int i = 0; i < 100; i++) {
      FlowOffer offer = offer(packets.udp(PEER.withPort(5000 + i % 10), US, new byte[1000]));
      dropped += offer == FlowOffer.DROPPED ? 1 : 0;
      assertThat(allocator.metric().usedDirectMemory()).isLessThanOrEqualTo(65_536);
    }

    assertThat(dropped).isEqualTo(100 - 65_536 / (1028 + 64));
    assertThat(flows.count(FlowCounter.TOO_MANY_BYTES)).isEqualTo(dropped);
    assertThat(offer(packets.syn(PEER, US, 1))).isEqualTo(FlowOffer.NEW);
  }

  @Test
  void a_short_packet_does_not_keep_a_long_buffer() {
    ByteBuf large = allocator.directBuffer(60_000, 60_000);
    ByteBuf syn = packets.syn(PEER, US, 5);
    large.writeBytes(syn);
    syn.release();

    offer(large);

    assertThat(allocator.metric().usedDirectMemory()).isLessThan(100);
    assertThat(take(arrived().id())).containsExactly(5);
  }

  @Test
  void one_source_has_at_most_64_and_all_together_1024() {
    int taken = 0;
    for (int source = 0; source < 20; source++) {
      for (int port = 1; port <= 70; port++) {
        IpEndpoint from = IpEndpoint.of4(0x0b00_0000 + source, port);
        taken += offer(packets.syn(from, US, 1)) == FlowOffer.NEW ? 1 : 0;
      }
    }

    assertThat(taken).isEqualTo(1024);
    assertThat(flows.count(FlowCounter.TOO_MANY_FROM_SOURCE)).isEqualTo(15 * 6);
    assertThat(flows.count(FlowCounter.TOO_MANY_FLOWS)).isEqualTo(4 * 70 + 6);
    for (int i = 0; i < 64; i++) {
      assertThat(flows.drop(arrived().id())).isTrue();
    }
    assertThat(offer(packets.syn(IpEndpoint.of4(0x0b00_0000, 1), US, 1))).isEqualTo(FlowOffer.NEW);
  }

  @Test
  void a_flow_that_is_refused_gives_its_first_packet_to_be_answered() {
    offer(packets.udp(PEER, US, (byte) 1));
    offer(packets.udp(PEER, US, (byte) 2));
    long id = arrived().id();

    ByteBuf first = flows.refuse(id);

    assertThat(first).isNotNull();
    assertThat(view.parse(first)).isEqualTo(PacketFault.NONE);
    assertThat(first.getByte(view.transportAt() + 8)).isEqualTo((byte) 1);
    first.release();
    assertThat(flows.heldBytes()).isZero();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
    assertThat(flows.count(FlowCounter.REFUSED)).isEqualTo(1);
  }

  @Test
  void a_flow_that_nobody_answers_expires_and_is_given_out_to_be_refused() {
    offer(packets.syn(PEER, US, 1));
    now += 100 * MILLI;
    offer(packets.syn(PEER.withPort(9), US, 2));
    assertThat(flows.expire(now + 150 * MILLI - 1)).isNull();
    now += 150 * MILLI;

    ByteBuf first = flows.expire(now);

    assertThat(first).isNotNull();
    assertThat(view.parse(first)).isEqualTo(PacketFault.NONE);
    assertThat(view.sourcePort()).isEqualTo(4000);
    first.release();
    assertThat(flows.expire(now)).isNull();
    assertThat(flows.nextDeadlineNanos() - now).isEqualTo(100 * MILLI);
    assertThat(arrived().source().port()).isEqualTo(9);
    assertThat(flows.count(FlowCounter.EXPIRED)).isEqualTo(1);
  }

  @Test
  void answers_to_a_flow_that_is_gone_are_harmless() {
    offer(packets.syn(PEER, US, 1));
    long id = arrived().id();
    assertThat(flows.drop(id)).isTrue();
    offer(packets.syn(PEER, US, 2));

    assertThat(flows.drop(id)).isFalse();
    assertThat(flows.refuse(id)).isNull();
    assertThat(take(id)).isEmpty();
    for (long unknown : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 65_535}) {
      assertThat(flows.drop(unknown)).isFalse();
    }

    assertThat(flows.size()).isEqualTo(1);
    assertThat(arrived().id()).isNotEqualTo(id);
  }

  @Test
  void impossible_limits_are_refused_by_name() {
    assertThatThrownBy(() -> new PendingFlowsConfig(10, 11, 0, 0, 250))
        .hasMessageContaining("pending_flows.max_flows_per_source is 11");
    assertThatThrownBy(() -> new PendingFlowsConfig(10, 1, 0, 0, 0))
        .hasMessageContaining("pending_flows.deadline_millis is 0");
  }
}
