package io.penstock.protocol.netstack.offload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SegmenterTest {

  private static final int HEADROOM_BYTES = 12;

  private final Segmenter segmenter = new Segmenter(TcpPackets.ALLOCATOR, HEADROOM_BYTES);

  @AfterEach
  void every_buffer_has_been_released() {
    assertThat(TcpPackets.ALLOCATOR.metric().usedDirectMemory()).isZero();
  }

  @Test
  void a_super_packet_of_ipv4_becomes_segments_that_go_on_from_each_other() {
    byte[] data = new SeededRandom(1).bytes(2500);
    ByteBuf whole = TcpPackets.ofIpv4().build(TcpPackets.ACK, data);

    List<ByteBuf> segments = split(whole, TcpPackets.makePartial(whole, Segmentation.TCP, 1000));

    assertThat(segments).extracting(ByteBuf::readableBytes).containsExactly(1040, 1040, 540);
    assertThat(segments).allMatch(TcpPackets::checksumIsRight);
    assertThat(segments).extracting(SegmenterTest::sequence).containsExactly(1000, 2000, 3000);
    assertThat(segments)
        .extracting(segment -> Ipv4Header.identification(segment, segment.readerIndex()))
        .containsExactly(0xfff0, 0xfff1, 0xfff2);
    assertThat(data(segments)).isEqualTo(data);
    segments.forEach(ByteBuf::release);
  }

  @Test
  void the_identification_wraps() {
    TcpPackets flow = TcpPackets.ofIpv4();
    flow.identification = 0xffff;
    ByteBuf whole = flow.build(TcpPackets.ACK, new byte[20]);

    List<ByteBuf> segments = split(whole, TcpPackets.makePartial(whole, Segmentation.TCP, 10));

    assertThat(segments)
        .extracting(segment -> Ipv4Header.identification(segment, segment.readerIndex()))
        .containsExactly(0xffff, 0);
    segments.forEach(ByteBuf::release);
  }

  @Test
  void each_segment_has_the_headroom_that_was_asked_for() {
    ByteBuf whole = TcpPackets.ofIpv6().build(TcpPackets.ACK, new byte[30]);

    List<ByteBuf> segments = split(whole, TcpPackets.makePartial(whole, Segmentation.TCP, 20));

    assertThat(segments).extracting(ByteBuf::readerIndex).containsOnly(HEADROOM_BYTES).hasSize(2);
    segments.forEach(ByteBuf::release);
  }

  @Test
  void fin_and_push_stay_with_the_last_segment_and_the_reduced_window_with_the_first() {
    int all = TcpHeader.ACK | TcpHeader.PSH | TcpHeader.FIN | TcpHeader.CWR | TcpHeader.ECE;
    ByteBuf whole = TcpPackets.ofIpv4().build(all, new byte[30]);

    List<ByteBuf> segments = split(whole, TcpPackets.makePartial(whole, Segmentation.TCP, 10));

    assertThat(segments)
        .extracting(TcpPackets::flags)
        .containsExactly(
            TcpHeader.ACK | TcpHeader.ECE | TcpHeader.CWR,
            TcpHeader.ACK | TcpHeader.ECE,
            TcpHeader.ACK | TcpHeader.ECE | TcpHeader.PSH | TcpHeader.FIN);
    segments.forEach(ByteBuf::release);
  }

  @Test
  void a_super_packet_that_is_no_longer_than_a_segment_becomes_one() {
    ByteBuf whole = TcpPackets.ofIpv6().build(TcpPackets.ACK_PSH, new byte[30]);
    byte[] expected = ByteBufUtil.getBytes(whole);

    List<ByteBuf> segments = split(whole, TcpPackets.makePartial(whole, Segmentation.TCP, 30));

    assertThat(segments).hasSize(1);
    assertThat(ByteBufUtil.getBytes(segments.getFirst())).isEqualTo(expected);
    segments.forEach(ByteBuf::release);
  }

  @Test
  void a_batch_of_datagrams_becomes_datagrams_with_headers_of_their_own() {
    byte[] data = new SeededRandom(2).bytes(70);
    ByteBuf whole = TcpPackets.ofIpv4().udp(data);

    List<ByteBuf> datagrams = split(whole, TcpPackets.makePartial(whole, Segmentation.UDP, 30));

    assertThat(datagrams)
        .extracting(datagram -> UdpHeader.length(datagram, HEADROOM_BYTES + 20))
        .containsExactly(38, 38, 18);
    assertThat(datagrams).allMatch(TcpPackets::checksumIsRight);
    assertThat(datagrams.getLast().getByte(HEADROOM_BYTES + 28)).isEqualTo(data[60]);
    datagrams.forEach(ByteBuf::release);
  }

  @Test
  void a_partial_checksum_of_one_packet_is_completed_where_the_packet_is() {
    for (TcpPackets flow : List.of(TcpPackets.ofIpv4(), TcpPackets.ofIpv6())) {
      for (ByteBuf packet : List.of(flow.next(TcpPackets.ACK, (byte) 1), flow.udp((byte) 2))) {
        byte[] expected = ByteBufUtil.getBytes(packet);
        PacketMeta meta = TcpPackets.makePartial(packet, Segmentation.NONE, 0);
        assertThat(ByteBufUtil.getBytes(packet)).isNotEqualTo(expected);

        assertThat(split(packet, meta)).containsExactly(packet);

        assertThat(ByteBufUtil.getBytes(packet)).isEqualTo(expected);
        packet.release();
      }
    }
  }

  @Test
  void a_complete_packet_passes_untouched() {
    ByteBuf packet = TcpPackets.ALLOCATOR.directBuffer().writeBytes(new byte[] {1, 2, 3});

    assertThat(split(packet, new PacketMeta())).containsExactly(packet);

    assertThat(ByteBufUtil.getBytes(packet)).containsExactly(1, 2, 3);
    packet.release();
  }

  @Test
  void a_super_packet_that_is_none_is_refused_and_released() {
    ByteBuf udp = TcpPackets.ofIpv4().udp(new byte[30]);
    PacketMeta asTcp = TcpPackets.makePartial(udp, Segmentation.TCP, 10);
    assertThat(segmenter.start(udp, asTcp)).isEqualTo(PacketFault.BAD_TRANSPORT);

    ByteBuf cut = TcpPackets.ofIpv4().build(TcpPackets.ACK, new byte[30]);
    PacketMeta meta = TcpPackets.makePartial(cut, Segmentation.TCP, 10);
    cut.writerIndex(cut.writerIndex() - 1);
    assertThat(segmenter.start(cut, meta)).isEqualTo(PacketFault.TRUNCATED);

    ByteBuf shorter = TcpPackets.ofIpv4().udp();
    PacketMeta outside = new PacketMeta();
    outside.setPartial(20, 7);
    assertThat(segmenter.start(shorter, outside)).isEqualTo(PacketFault.BAD_TRANSPORT);

    assertThat(List.of(udp, cut, shorter)).extracting(ByteBuf::refCnt).containsOnly(0);
    assertThat(segmenter.next()).isNull();
  }

  @Test
  void what_is_left_of_a_packet_is_dropped_by_closing_and_another_may_follow() {
    ByteBuf first = TcpPackets.ofIpv4().build(TcpPackets.ACK, new byte[30]);
    segmenter.start(first, TcpPackets.makePartial(first, Segmentation.TCP, 10));
    assertThatThrownBy(() -> segmenter.start(first, new PacketMeta()))
        .isInstanceOf(IllegalStateException.class);

    segmenter.close();

    assertThat(first.refCnt()).isZero();
    ByteBuf second = TcpPackets.ofIpv4().udp();
    assertThat(split(second, new PacketMeta())).containsExactly(second);
    second.release();
  }

  @Test
  void segments_of_any_packet_are_right_and_hold_exactly_its_data() {
    Seeds.forEach(
        300,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          TcpPackets flow = random.percent(50) ? TcpPackets.ofIpv4() : TcpPackets.ofIpv6();
          flow.options = new byte[4 * random.between(0, 10)];
          flow.sequence = (int) random.nextLong();
          byte[] data = random.bytes(random.magnitude(0, 65_000));
          int segmentBytes = random.between(Math.max(1, data.length / 100), 65_000);
          ByteBuf whole = flow.build(TcpPackets.ACK_PSH, data);

          List<ByteBuf> segments =
              split(whole, TcpPackets.makePartial(whole, Segmentation.TCP, segmentBytes));

          assertThat(segments).allMatch(TcpPackets::checksumIsRight);
          assertThat(segments)
              .hasSize(Math.max(1, (data.length + segmentBytes - 1) / segmentBytes));
          assertThat(data(segments)).isEqualTo(data);
          segments.forEach(ByteBuf::release);
        });
  }

  private List<ByteBuf> split(ByteBuf packet, PacketMeta meta) {
    assertThat(segmenter.start(packet, meta)).isEqualTo(PacketFault.NONE);
    List<ByteBuf> packets = new ArrayList<>();
    for (ByteBuf next = segmenter.next(); next != null; next = segmenter.next()) {
      packets.add(next);
    }
    return packets;
  }

  private static int sequence(ByteBuf packet) {
    IpPacket view = TcpPackets.view(packet);
    return TcpHeader.sequenceNumber(packet, view.transportAt());
  }

  private static byte[] data(List<ByteBuf> segments) {
    ByteBuf all = Unpooled.buffer();
    segments.forEach(segment -> all.writeBytes(TcpPackets.data(segment)));
    return ByteBufUtil.getBytes(all);
  }
}
