package io.penstock.protocol.netstack.pcap;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.Vectors;
import org.junit.jupiter.api.Test;

class PcapFormatTest {

  private static final long TIME = 1_700_000_000_123_456_789L;

  private final ByteBuf out = Unpooled.buffer();

  @Test
  void a_file_begins_with_the_magic_of_nanoseconds_and_the_type_of_raw_ip() {
    PcapFormat.writeFileHeader(out, PcapFormat.DEFAULT_SNAP_BYTES);

    assertThat(ByteBufUtil.hexDump(out))
        .isEqualTo("a1b23c4d" + "00020004" + "00000000" + "00000000" + "00040000" + "00000065");
    assertThat(out.readableBytes()).isEqualTo(PcapFormat.FILE_HEADER_BYTES);
  }

  @Test
  void a_packet_follows_its_time_and_lengths() {
    ByteBuf packet = Vectors.kernelPacket("tcp_syn_4");

    PcapFormat.writePacket(out, TIME, packet, 65_535);

    assertThat(out.readUnsignedInt()).isEqualTo(1_700_000_000L);
    assertThat(out.readUnsignedInt()).isEqualTo(123_456_789L);
    assertThat(out.readUnsignedInt()).isEqualTo(packet.readableBytes());
    assertThat(out.readUnsignedInt()).isEqualTo(packet.readableBytes());
    assertThat(ByteBufUtil.hexDump(out)).isEqualTo(ByteBufUtil.hexDump(packet));
    assertThat(packet.readerIndex()).isZero();
  }

  @Test
  void a_long_packet_is_cut_and_its_length_told() {
    ByteBuf packet = Vectors.kernelPacket("udp_fragments_4_0");

    PcapFormat.writePacket(out, TIME, packet, 96);
    PcapFormat.writePacket(out, TIME + 1, packet, 96);

    for (int i = 0; i < 2; i++) {
      assertThat(out.readLong() & 0xffff_ffffL).isEqualTo(123_456_789L + i);
      assertThat(out.readInt()).isEqualTo(96);
      assertThat(out.readInt()).isEqualTo(1500);
      assertThat(out.readSlice(96)).isEqualTo(packet.slice(0, 96));
    }
    assertThat(out.isReadable()).isFalse();
  }

  @Test
  void a_time_beyond_2038_fits() {
    PcapFormat.writePacket(out, 4_000_000_000L * 1_000_000_000L + 7, Unpooled.EMPTY_BUFFER, 1);

    assertThat(out.readUnsignedInt()).isEqualTo(4_000_000_000L);
    assertThat(out.readInt()).isEqualTo(7);
  }
}
