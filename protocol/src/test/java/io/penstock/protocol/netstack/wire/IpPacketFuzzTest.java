package io.penstock.protocol.netstack.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Whatever bytes come, reading them never leaves the packet and never throws.
class IpPacketFuzzTest {

  private final IpPacket view = new IpPacket();
  private final IpPacket quoted = new IpPacket();

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_borne(byte[] bytes) {
    read(bytes);
  }

  @Test
  void random_bytes_are_borne() {
    Seeds.forEach(
        5_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] bytes = random.bytes(random.magnitude(1, 200));
          bytes[0] = (byte) (random.percent(50) ? 0x45 : 0x60);
          if (bytes.length > 5) {
            // Right lengths let the reader get beyond its first check.
            int length = bytes[0] == 0x45 ? bytes.length : bytes.length - 40;
            int at = bytes[0] == 0x45 ? 2 : 4;
            bytes[at] = (byte) (length >> 8);
            bytes[at + 1] = (byte) length;
          }
          if (bytes[0] == 0x45 && bytes.length >= 20) {
            TestPackets.fixChecksum(Unpooled.wrappedBuffer(bytes));
          }
          read(bytes);
        });
  }

  @Test
  void packets_with_some_bytes_changed_are_borne() {
    List<List<String>> packets = Vectors.read("ip-packets");
    List<List<String>> errors = Vectors.read("icmp-errors");
    Seeds.forEach(
        5_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          String hex =
              random.percent(50) ? random.oneOf(packets).get(1) : random.oneOf(errors).get(3);
          ByteBuf packet = Vectors.bytes(hex);
          for (int i = random.between(1, 4); i > 0; i--) {
            int at = random.magnitude(0, packet.readableBytes() - 1);
            packet.setByte(at, (int) random.nextLong());
          }
          if (Ipv4Header.version(packet, 0) == 4 && random.percent(90)) {
            packet.setShort(10, 0);
            int header = Math.min(Ipv4Header.headerBytes(packet, 0), packet.readableBytes());
            packet.setShort(10, InternetChecksum.of(packet, 0, header));
          }
          read(packet.array());
        });
  }

  private void read(byte[] bytes) {
    ByteBuf packet = Unpooled.wrappedBuffer(bytes);
    if (view.parse(packet) == PacketFault.NONE) {
      assertThat(view.transportAt()).isBetween(20, bytes.length);
      assertThat(view.transportAt() + view.transportBytes()).isEqualTo(bytes.length);
      if (view.protocol() == IpProtocol.TCP && view.hasTransport()) {
        TcpHeader.clampMaxSegmentSize(packet, view.transportAt(), 500);
      }
      if (view.isIcmpError(packet)) {
        quoted.parseQuoted(packet, IcmpErrors.quotedAt(view), IcmpErrors.quotedBytes(view));
      }
      if (IcmpErrors.mayReportAbout(view, packet)) {
        ByteBuf out = Unpooled.buffer();
        IcmpErrors.write(IcmpError.NO_ROUTE, 0, view, packet, 1L << 60, 1, out);
        assertThat(quoted.parse(out)).isEqualTo(PacketFault.NONE);
      }
    }
    quoted.parseQuoted(packet, 0, bytes.length);
  }
}
