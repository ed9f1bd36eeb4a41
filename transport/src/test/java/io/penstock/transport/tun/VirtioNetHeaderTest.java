package io.penstock.transport.tun;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.offload.ChecksumState;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.Segmentation;
import io.penstock.protocol.netstack.wire.TcpHeader;
import org.junit.jupiter.api.Test;

class VirtioNetHeaderTest {

  private static final int PACKET_BYTES = 3000;

  private final PacketMeta meta = new PacketMeta();

  @Test
  void a_packet_whose_checksum_is_left_to_the_device_says_where_it_belongs() {
    assertThat(read("01 00 2800 0000 1400 1000")).isTrue();

    assertThat(meta.checksum()).isEqualTo(ChecksumState.PARTIAL);
    assertThat(meta.checksumStart()).isEqualTo(20);
    assertThat(meta.checksumOffset()).isEqualTo(16);
    assertThat(meta.isSuperPacket()).isFalse();
  }

  @Test
  void a_packet_from_a_wire_says_whether_its_checksum_was_verified() {
    assertThat(read("00 00 0000 0000 0000 0000")).isTrue();
    assertThat(meta.checksum()).isEqualTo(ChecksumState.UNVERIFIED);

    assertThat(read("02 00 0000 0000 0000 0000")).isTrue();
    assertThat(meta.checksum()).isEqualTo(ChecksumState.VERIFIED);
  }

  @Test
  void a_super_packet_says_what_kind_it_is_and_how_long_its_segments_are() {
    assertThat(read("01 01 3400 a805 1400 1000")).isTrue();
    assertThat(meta.segmentation()).isEqualTo(Segmentation.TCP);
    assertThat(meta.segmentBytes()).isEqualTo(1448);
    assertThat(meta.checksum()).isEqualTo(ChecksumState.PARTIAL);

    assertThat(read("01 84 3400 a805 2800 1000")).isTrue();
    assertThat(meta.segmentation()).isEqualTo(Segmentation.TCP);

    assertThat(read("01 05 3400 a805 2800 0600")).isTrue();
    assertThat(meta.segmentation()).isEqualTo(Segmentation.UDP);
  }

  @Test
  void what_cannot_be_is_refused() {
    assertThat(read("01 03 3400 a805 1400 0600")).as("fragmented UDP").isFalse();
    assertThat(read("00 01 3400 a805 1400 1000")).as("no checksum to make").isFalse();
    assertThat(read("01 01 3400 0000 1400 1000")).as("segments of nothing").isFalse();
    assertThat(read("01 00 0000 0000 a70b 1000")).as("checksum outside of the packet").isFalse();
    assertThat(read("01 00 0000 0000 ffff ffff")).as("far outside").isFalse();
  }

  @Test
  void what_is_written_is_what_the_kernel_reads() {
    meta.setUnverified();
    assertThat(written(0x45, 0)).isEqualTo("00000000000000000000");
    meta.setVerified();
    assertThat(written(0x45, 0)).isEqualTo("02000000000000000000");
    meta.setPartial(20, 16);
    assertThat(written(0x45, 0)).isEqualTo("01000000000014001000");
    meta.setSuperPacket(Segmentation.TCP, 1448, 20, 16);
    assertThat(written(0x45, TcpHeader.ACK)).isEqualTo("01013400a80514001000");
    assertThat(written(0x45, TcpHeader.CWR)).isEqualTo("01813400a80514001000");
    meta.setSuperPacket(Segmentation.TCP, 1428, 40, 16);
    assertThat(written(0x60, TcpHeader.ACK)).isEqualTo("01044800940528001000");
    meta.setSuperPacket(Segmentation.UDP, 1200, 20, 6);
    assertThat(written(0x45, 0)).isEqualTo("01051c00b00414000600");
  }

  private boolean read(String hex) {
    ByteBuf header = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replace(" ", "")));
    return VirtioNetHeader.read(header, 0, PACKET_BYTES, meta);
  }

  /// The header of a packet with this first byte, and 12 bytes of TCP options.
  private String written(int version, int flags) {
    ByteBuf buf = Unpooled.buffer();
    buf.writeZero(VirtioNetHeader.BYTES + 100);
    int packetAt = VirtioNetHeader.BYTES;
    buf.setByte(packetAt, version);
    buf.setByte(packetAt + meta.checksumStart() + 12, 32 << 2);
    buf.setByte(packetAt + meta.checksumStart() + 13, flags);
    VirtioNetHeader.write(buf, 0, packetAt, meta);
    return ByteBufUtil.hexDump(buf, 0, VirtioNetHeader.BYTES);
  }
}
