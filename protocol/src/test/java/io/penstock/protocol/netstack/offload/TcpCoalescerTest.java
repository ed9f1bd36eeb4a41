package io.penstock.protocol.netstack.offload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TcpCoalescerTest {

  private static final int HEADROOM_BYTES = 12;
  private static final int MAX_PACKETS = 64;

  private final TcpCoalescer coalescer =
      new TcpCoalescer(TcpPackets.ALLOCATOR, HEADROOM_BYTES, MAX_PACKETS);

  /// What came out: how much data, in segments of which size (0 when it was not merged).
  private record Polled(int dataBytes, int segmentBytes) {}

  @AfterEach
  void every_buffer_has_been_released() {
    assertThat(TcpPackets.ALLOCATOR.metric().usedDirectMemory()).isZero();
  }

  @Test
  void segments_that_follow_each_other_become_one_super_packet() {
    for (TcpPackets flow : List.of(TcpPackets.ofIpv4(), TcpPackets.ofIpv6())) {
      offer(flow.next(TcpPackets.ACK, new byte[100]));
      offer(flow.next(TcpPackets.ACK, new byte[100]));
      offer(flow.next(TcpPackets.ACK_PSH, new byte[40]));

      PacketMeta meta = new PacketMeta();
      ByteBuf merged = coalescer.poll(meta);

      assertThat(merged).isNotNull();
      assertThat(merged.readerIndex()).isEqualTo(HEADROOM_BYTES);
      assertThat(TcpPackets.data(merged)).hasSize(240);
      assertThat(TcpPackets.flags(merged)).isEqualTo(TcpPackets.ACK_PSH);
      assertThat(meta.segmentation()).isEqualTo(Segmentation.TCP);
      assertThat(meta.segmentBytes()).isEqualTo(100);
      assertThat(meta.checksum()).isEqualTo(ChecksumState.PARTIAL);
      assertThat(coalescer.poll(meta)).isNull();
      merged.release();
    }
  }

  @Test
  void a_packet_alone_comes_back_as_it_is_and_its_checksum_is_known_to_be_right() {
    ByteBuf packet = TcpPackets.ofIpv4().next(TcpPackets.ACK, new byte[100]);
    offer(packet);
    PacketMeta meta = new PacketMeta();

    assertThat(coalescer.poll(meta)).isSameAs(packet);

    assertThat(meta.checksum()).isEqualTo(ChecksumState.VERIFIED);
    packet.release();
  }

  @Test
  void flows_that_alternate_are_merged_each_for_itself() {
    TcpPackets one = TcpPackets.ofIpv4();
    TcpPackets other = TcpPackets.ofIpv4();
    other.sourcePort++;
    for (int i = 0; i < 3; i++) {
      offer(one.next(TcpPackets.ACK, new byte[100]));
      offer(other.next(TcpPackets.ACK, new byte[50]));
    }

    assertThat(poll()).containsExactly(new Polled(300, 100), new Polled(150, 50));
  }

  @Test
  void a_push_ends_what_is_merged() {
    TcpPackets flow = TcpPackets.ofIpv4();
    offer(flow.next(TcpPackets.ACK_PSH, new byte[10]));
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    offer(flow.next(TcpPackets.ACK_PSH, new byte[10]));
    offer(flow.next(TcpPackets.ACK, new byte[10]));

    assertThat(poll()).containsExactly(new Polled(10, 0), new Polled(20, 10), new Polled(10, 0));
  }

  @Test
  void a_shorter_segment_ends_what_is_merged_and_a_longer_one_begins_anew() {
    TcpPackets flow = TcpPackets.ofIpv6();
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    offer(flow.next(TcpPackets.ACK, new byte[9]));
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    offer(flow.next(TcpPackets.ACK, new byte[11]));

    assertThat(poll()).containsExactly(new Polled(19, 10), new Polled(10, 0), new Polled(11, 0));
  }

  @Test
  void nothing_of_a_flow_overtakes_what_could_not_be_merged() {
    TcpPackets flow = TcpPackets.ofIpv4();
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    ByteBuf reset = flow.build(TcpHeader.RST);
    offer(reset);
    offer(flow.next(TcpPackets.ACK, new byte[10]));

    assertThat(poll()).containsExactly(new Polled(10, 0), new Polled(0, 0), new Polled(10, 0));
  }

  @Test
  void a_gap_is_not_closed() {
    TcpPackets flow = TcpPackets.ofIpv4();
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    flow.next(TcpPackets.ACK, new byte[10]).release();
    offer(flow.next(TcpPackets.ACK, new byte[10]));

    assertThat(poll()).containsExactly(new Polled(10, 0), new Polled(10, 0));
  }

  @Test
  void headers_that_say_different_things_are_not_merged() {
    List<Change> changes =
        List.of(
            flow -> flow.acknowledgment++,
            flow -> flow.window++,
            flow -> flow.hopLimit++,
            flow -> flow.options = new byte[] {1, 1, 1, 0},
            flow -> flow.options = new byte[8],
            flow -> flow.flagsAndOffset = 0);
    for (Change change : changes) {
      TcpPackets flow = TcpPackets.ofIpv4();
      flow.options = new byte[] {1, 1, 1, 1};
      offer(flow.next(TcpPackets.ACK, new byte[10]));
      change.apply(flow);
      offer(flow.next(TcpPackets.ACK, new byte[10]));

      assertThat(poll()).containsExactly(new Polled(10, 0), new Polled(10, 0));
    }
  }

  private interface Change {
    void apply(TcpPackets flow);
  }

  @Test
  void without_do_not_fragment_the_identifications_must_count_up() {
    TcpPackets flow = TcpPackets.ofIpv4();
    flow.flagsAndOffset = 0;
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    flow.identification++;
    offer(flow.next(TcpPackets.ACK, new byte[10]));

    assertThat(poll()).containsExactly(new Polled(20, 10), new Polled(10, 0));
  }

  @Test
  void a_broken_checksum_is_never_made_right() {
    TcpPackets flow = TcpPackets.ofIpv4();
    offer(flow.next(TcpPackets.ACK, new byte[10]));
    ByteBuf broken = flow.next(TcpPackets.ACK, new byte[10]);
    broken.setByte(broken.writerIndex() - 1, 1);
    offer(broken);
    offer(flow.next(TcpPackets.ACK, new byte[10]));

    PacketMeta meta = new PacketMeta();
    List<ByteBuf> packets = new ArrayList<>();
    List<ChecksumState> checksums = new ArrayList<>();
    for (ByteBuf next = coalescer.poll(meta); next != null; next = coalescer.poll(meta)) {
      packets.add(next);
      checksums.add(meta.checksum());
    }

    assertThat(packets).hasSize(3).contains(broken);
    assertThat(checksums)
        .containsExactly(ChecksumState.VERIFIED, ChecksumState.UNVERIFIED, ChecksumState.VERIFIED);
    packets.forEach(ByteBuf::release);
  }

  @Test
  void a_partial_checksum_need_not_be_verified() {
    TcpPackets flow = TcpPackets.ofIpv4();
    for (int i = 0; i < 2; i++) {
      ByteBuf packet = flow.next(TcpPackets.ACK, new byte[10]);
      coalescer.offer(packet, TcpPackets.makePartial(packet, Segmentation.NONE, 0));
    }

    assertThat(poll()).containsExactly(new Polled(20, 10));
  }

  @Test
  void what_is_no_plain_data_passes_through() {
    TcpPackets flow = TcpPackets.ofIpv4();
    ByteBuf syn = flow.build(TcpHeader.SYN);
    ByteBuf acknowledgment = flow.build(TcpPackets.ACK);
    ByteBuf udp = flow.udp(new byte[10]);
    ByteBuf garbage = TcpPackets.ALLOCATOR.directBuffer().writeZero(30);
    ByteBuf whole = flow.next(TcpPackets.ACK, new byte[30]);
    PacketMeta superPacket = TcpPackets.makePartial(whole, Segmentation.TCP, 10);
    offer(syn);
    offer(acknowledgment);
    offer(udp);
    offer(garbage);
    coalescer.offer(whole, superPacket);

    PacketMeta meta = new PacketMeta();
    List<ByteBuf> packets = new ArrayList<>();
    for (ByteBuf next = coalescer.poll(meta); next != null; next = coalescer.poll(meta)) {
      packets.add(next);
    }

    assertThat(packets).containsExactly(syn, acknowledgment, udp, garbage, whole);
    packets.forEach(ByteBuf::release);
  }

  @Test
  void a_merged_packet_ends_where_ip_can_count_no_further() {
    TcpPackets flow = TcpPackets.ofIpv4();
    for (int i = 0; i < 64; i++) {
      offer(flow.next(TcpPackets.ACK, new byte[1448]));
    }

    assertThat(poll()).containsExactly(new Polled(45 * 1448, 1448), new Polled(19 * 1448, 1448));
  }

  @Test
  void a_full_batch_takes_no_more_until_it_is_polled() {
    for (int i = 0; i < MAX_PACKETS; i++) {
      offer(TcpPackets.ofIpv4().udp());
    }
    assertThat(coalescer.isFull()).isTrue();
    ByteBuf more = TcpPackets.ofIpv4().udp();
    assertThatThrownBy(() -> offer(more)).isInstanceOf(IllegalStateException.class);
    assertThat(more.refCnt()).isZero();

    coalescer.close();

    assertThat(coalescer.isFull()).isFalse();
    assertThat(coalescer.poll(new PacketMeta())).isNull();
  }

  @Test
  void splitting_what_was_merged_gives_back_every_packet_in_the_order_of_its_flow() {
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          List<TcpPackets> flows = new ArrayList<>();
          for (int i = 0; i < random.between(1, 4); i++) {
            TcpPackets flow = random.percent(50) ? TcpPackets.ofIpv4() : TcpPackets.ofIpv6();
            flow.sourcePort = i;
            flow.flagsAndOffset = 0;
            flows.add(flow);
          }
          List<List<String>> sent = lists(flows.size());
          for (int i = 0; i < MAX_PACKETS; i++) {
            TcpPackets flow = random.oneOf(flows);
            ByteBuf packet = any(flow, random);
            sent.get(flow.sourcePort).add(ByteBufUtil.hexDump(packet));
            offer(packet);
          }

          assertThat(pollAndSplit(flows.size())).isEqualTo(sent);
        });
  }

  @Test
  void packets_damaged_anywhere_neither_break_it_nor_get_lost() {
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          TcpPackets flow = random.percent(50) ? TcpPackets.ofIpv4() : TcpPackets.ofIpv6();
          flow.options = new byte[4 * random.between(0, 3)];
          int bytes = 0;
          for (int i = 0; i < MAX_PACKETS; i++) {
            ByteBuf packet = flow.next(TcpPackets.ACK, random.bytes(random.between(1, 20)));
            for (int damaged = random.between(0, 2); damaged > 0; damaged--) {
              packet.setByte(random.between(0, packet.readableBytes() - 1), random.between(0, 255));
            }
            packet.writerIndex(packet.writerIndex() - (random.percent(10) ? 1 : 0));
            bytes += packet.readableBytes();
            offer(packet);
          }

          PacketMeta meta = new PacketMeta();
          int polled = 0;
          for (ByteBuf next = coalescer.poll(meta); next != null; next = coalescer.poll(meta)) {
            int headers = (flow.ipv4 ? 20 : 40) + 20 + flow.options.length;
            int segments =
                meta.isSuperPacket()
                    ? Math.ceilDiv(next.readableBytes() - headers, meta.segmentBytes())
                    : 1;
            polled += next.readableBytes() + (segments - 1) * headers;
            next.release();
          }
          assertThat(polled).isEqualTo(bytes);
        });
  }

  private static ByteBuf any(TcpPackets flow, SeededRandom random) {
    int data = random.percent(80) ? 1000 : random.between(0, 1000);
    int flags = random.percent(90) ? TcpPackets.ACK : random.between(0, 255);
    flow.acknowledgment += random.percent(10) ? 1 : 0;
    flow.sequence += random.percent(5) ? random.between(-2000, 2000) : 0;
    return flow.next(flags, random.bytes(data));
  }

  private List<List<String>> pollAndSplit(int flows) {
    List<List<String>> received = lists(flows);
    Segmenter segmenter = new Segmenter(TcpPackets.ALLOCATOR, 0);
    PacketMeta meta = new PacketMeta();
    for (ByteBuf next = coalescer.poll(meta); next != null; next = coalescer.poll(meta)) {
      assertThat(segmenter.start(next, meta)).isEqualTo(PacketFault.NONE);
      for (ByteBuf one = segmenter.next(); one != null; one = segmenter.next()) {
        received.get(TcpPackets.view(one).sourcePort()).add(ByteBufUtil.hexDump(one));
        one.release();
      }
    }
    return received;
  }

  private static List<List<String>> lists(int count) {
    List<List<String>> lists = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lists.add(new ArrayList<>());
    }
    return lists;
  }

  private void offer(ByteBuf packet) {
    coalescer.offer(packet, new PacketMeta());
  }

  private List<Polled> poll() {
    List<Polled> all = new ArrayList<>();
    PacketMeta meta = new PacketMeta();
    for (ByteBuf next = coalescer.poll(meta); next != null; next = coalescer.poll(meta)) {
      all.add(new Polled(TcpPackets.data(next).length, meta.segmentBytes()));
      next.release();
    }
    return all;
  }
}
