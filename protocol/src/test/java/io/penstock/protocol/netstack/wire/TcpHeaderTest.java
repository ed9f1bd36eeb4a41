package io.penstock.protocol.netstack.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import org.junit.jupiter.api.Test;

class TcpHeaderTest {

  private static final byte[] MSS_1460 = {2, 4, 0x05, (byte) 0xb4};

  @Test
  void the_checksums_of_the_kernel_are_ours() {
    IpPacket view = new IpPacket();
    ByteBuf syn4 = Vectors.kernelPacket("tcp_syn_4");
    view.parse(syn4);
    int right = TcpHeader.checksum(syn4, view.transportAt());
    long pseudo4 =
        InternetChecksum.pseudoHeader4(
            (int) view.sourceLow(),
            (int) view.destinationLow(),
            IpProtocol.TCP,
            view.transportBytes());
    // The kernel leaves the sum of the pseudo header to the device where it may; a TUN may not.
    TcpHeader.writeChecksum(syn4, view.transportAt(), view.transportBytes(), pseudo4);
    assertThat(TcpHeader.checksum(syn4, view.transportAt())).isEqualTo(right);

    ByteBuf udp6 = Vectors.kernelPacket("udp_6");
    view.parse(udp6);
    right = UdpHeader.checksum(udp6, view.transportAt());
    long pseudo6 =
        InternetChecksum.pseudoHeader6(
            view.sourceHigh(),
            view.sourceLow(),
            view.destinationHigh(),
            view.destinationLow(),
            IpProtocol.UDP,
            view.transportBytes());
    UdpHeader.writeChecksum(udp6, view.transportAt(), view.transportBytes(), pseudo6);
    assertThat(UdpHeader.checksum(udp6, view.transportAt())).isEqualTo(right);
  }

  @Test
  void an_mss_is_lowered_but_never_raised_or_added() {
    ByteBuf high = TestPackets.tcp(TcpHeader.SYN, MSS_1460);
    assertThat(TcpHeader.clampMaxSegmentSize(high, 0, 1168)).isTrue();
    assertThat(TcpHeader.maxSegmentSize(high, 0)).isEqualTo(1168);

    ByteBuf low = TestPackets.tcp(TcpHeader.SYN, MSS_1460);
    assertThat(TcpHeader.clampMaxSegmentSize(low, 0, 1460)).isFalse();
    assertThat(TcpHeader.maxSegmentSize(low, 0)).isEqualTo(1460);

    ByteBuf none = TestPackets.tcp(TcpHeader.SYN);
    assertThat(TcpHeader.clampMaxSegmentSize(none, 0, 1168)).isFalse();
    assertThat(TcpHeader.maxSegmentSize(none, 0)).isEqualTo(-1);
  }

  @Test
  void broken_options_end_the_search() {
    assertThat(
            TcpHeader.maxSegmentSize(TestPackets.tcp(0, (byte) 0, (byte) 2, (byte) 4, (byte) 9), 0))
        .isEqualTo(-1);
    assertThat(
            TcpHeader.maxSegmentSize(TestPackets.tcp(0, (byte) 3, (byte) 0, (byte) 2, (byte) 4), 0))
        .isEqualTo(-1);
    assertThat(
            TcpHeader.maxSegmentSize(TestPackets.tcp(0, (byte) 1, (byte) 1, (byte) 2, (byte) 4), 0))
        .isEqualTo(-1);
    assertThat(
            TcpHeader.maxSegmentSize(TestPackets.tcp(0, (byte) 2, (byte) 3, (byte) 9, (byte) 1), 0))
        .isEqualTo(-1);
    assertThat(
            TcpHeader.maxSegmentSize(TestPackets.tcp(0, (byte) 1, (byte) 1, (byte) 1, (byte) 2), 0))
        .isEqualTo(-1);
  }

  @Test
  void a_lowered_mss_keeps_the_checksum_right_wherever_the_option_stands() {
    Seeds.forEach(
        1_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          int before = random.between(0, 8);
          ByteBuf options = Unpooled.buffer();
          for (int i = 0; i < before; i++) {
            options.writeByte(1);
          }
          options.writeByte(2).writeByte(4).writeShort(random.between(600, 65_535));
          while (options.readableBytes() % 4 != 0) {
            options.writeByte(1);
          }
          byte[] bytes = new byte[options.readableBytes()];
          options.readBytes(bytes);
          ByteBuf segment = TestPackets.tcp(TcpHeader.SYN, bytes);
          segment.writeBytes(random.bytes(random.between(0, 9)));
          long pseudo = InternetChecksum.pseudoHeader4((int) seed, 7, 6, segment.readableBytes());
          TcpHeader.writeChecksum(segment, 0, segment.readableBytes(), pseudo);

          assertThat(TcpHeader.clampMaxSegmentSize(segment, 0, random.between(0, 599))).isTrue();

          long sum = InternetChecksum.add(pseudo, segment, 0, segment.readableBytes());
          assertThat(InternetChecksum.finish(sum)).isZero();
        });
  }

  @Test
  void a_udp_checksum_of_zero_is_sent_as_all_ones() {
    ByteBuf datagram = Unpooled.buffer();
    UdpHeader.write(datagram, 0, 0, 8);
    UdpHeader.writeChecksum(datagram, 0, 8, 0xffff - 8);

    assertThat(UdpHeader.checksum(datagram, 0)).isEqualTo(0xffff);
  }
}
