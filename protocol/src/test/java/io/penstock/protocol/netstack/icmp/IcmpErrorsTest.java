package io.penstock.protocol.netstack.icmp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.UdpHeader;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class IcmpErrorsTest {

  private final IpPacket packet = new IpPacket();
  private final IpPacket error = new IpPacket();

  static List<List<String>> kernelErrors() {
    return Vectors.read("icmp-errors");
  }

  @ParameterizedTest
  @MethodSource("kernelErrors")
  void an_error_is_the_one_that_the_kernel_sends(List<String> vector) {
    ByteBuf about = Vectors.bytes(vector.get(2));
    ByteBuf kernels = Vectors.bytes(vector.get(3));
    assertThat(packet.parse(about)).isEqualTo(PacketFault.NONE);
    assertThat(error.parse(kernels)).isEqualTo(PacketFault.NONE);
    ByteBuf out = Unpooled.buffer();

    IcmpErrors.write(
        IcmpError.valueOf(vector.getFirst()),
        Integer.parseInt(vector.get(1)),
        packet,
        about,
        error.sourceHigh(),
        error.sourceLow(),
        out);

    int icmp = error.transportAt();
    assertThat(ByteBufUtil.hexDump(out, icmp, out.readableBytes() - icmp))
        .isEqualTo(ByteBufUtil.hexDump(kernels, icmp, kernels.readableBytes() - icmp));
    assertThat(out.readableBytes()).isEqualTo(IcmpErrors.lengthAbout(packet));
    IpPacket ours = new IpPacket();
    assertThat(ours.parse(out)).isEqualTo(PacketFault.NONE);
    assertThat(ours.sourceLow()).isEqualTo(error.sourceLow());
    assertThat(ours.destinationHigh()).isEqualTo(packet.sourceHigh());
    assertThat(ours.destinationLow()).isEqualTo(packet.sourceLow());
    assertThat(IcmpEcho.checksumIsRight(ours, out)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("kernelErrors")
  void the_quoted_packet_is_the_one_that_the_error_is_about(List<String> vector) {
    packet.parse(Vectors.bytes(vector.get(2)));
    ByteBuf kernels = Vectors.bytes(vector.get(3));
    error.parse(kernels);
    IpPacket quoted = new IpPacket();

    assertThat(
            quoted.parseQuoted(kernels, IcmpErrors.quotedAt(error), IcmpErrors.quotedBytes(error)))
        .isEqualTo(PacketFault.NONE);
    assertThat(quoted.sourceLow()).isEqualTo(packet.sourceLow());
    assertThat(quoted.destinationHigh()).isEqualTo(packet.destinationHigh());
    assertThat(quoted.sourcePort()).isEqualTo(1111);
    assertThat(quoted.destinationPort()).isEqualTo(53);
  }

  @Test
  void an_mtu_stands_where_hosts_look_for_it() {
    for (List<String> vector : kernelErrors()) {
      if (vector.getFirst().equals("PACKET_TOO_BIG")) {
        ByteBuf kernels = Vectors.bytes(vector.get(3));
        error.parse(kernels);
        int at = error.transportAt();
        assertThat(
                error.isIpv4() ? IcmpHeader.nextHopMtu(kernels, at) : IcmpHeader.rest(kernels, at))
            .isEqualTo(1280);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5, 11, 12})
  void no_error_is_sent_about_an_error(int type) {
    assertThat(mayReportAbout(icmp4(type))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, 13})
  void an_error_may_be_sent_about_another_icmp_message(int type) {
    assertThat(mayReportAbout(icmp4(type))).isTrue();
  }

  @Test
  void no_error_is_sent_about_an_error_of_icmpv6() {
    assertThat(mayReportAbout(icmp6(Icmp6Header.TIME_EXCEEDED))).isFalse();
    assertThat(mayReportAbout(icmp6(127))).isFalse();
    assertThat(mayReportAbout(icmp6(Icmp6Header.REDIRECT))).isFalse();
    assertThat(mayReportAbout(icmp6(Icmp6Header.ECHO_REQUEST))).isTrue();
  }

  @Test
  void no_error_is_sent_about_a_later_fragment() {
    assertThat(mayReportAbout(Vectors.kernelPacket("udp_fragments_4_0"))).isTrue();
    assertThat(mayReportAbout(Vectors.kernelPacket("udp_fragments_4_1"))).isFalse();
    assertThat(mayReportAbout(Vectors.kernelPacket("udp_fragments_6_1"))).isFalse();
  }

  @Test
  void no_error_is_sent_when_an_address_is_not_a_single_hosts() {
    int host = 0x0a40_0002;
    assertThat(mayReportAbout(udp4(host, 0xe000_0001))).isFalse();
    assertThat(mayReportAbout(udp4(host, -1))).isFalse();
    assertThat(mayReportAbout(udp4(0, host))).isFalse();
    assertThat(mayReportAbout(udp4(0x7f00_0001, host))).isFalse();
    assertThat(mayReportAbout(udp4(host, host + 1))).isTrue();
  }

  private boolean mayReportAbout(ByteBuf buf) {
    assertThat(packet.parse(buf)).isEqualTo(PacketFault.NONE);
    return IcmpErrors.mayReportAbout(packet, buf);
  }

  private static ByteBuf udp4(int source, int destination) {
    ByteBuf out = Unpooled.buffer();
    Ipv4Header.write(out, 0, 28, 0, 0, 64, IpProtocol.UDP, source, destination);
    UdpHeader.write(out, 1, 2, 8);
    return out;
  }

  private static ByteBuf icmp4(int type) {
    ByteBuf out = Unpooled.buffer();
    Ipv4Header.write(out, 0, 28, 0, 0, 64, IpProtocol.ICMP, 0x0a40_0002, 0x0a40_0003);
    IcmpHeader.write(out, type, 0, 0);
    return out;
  }

  private static ByteBuf icmp6(int type) {
    ByteBuf out = Unpooled.buffer();
    long net = 0xfd00_0064_0000_0000L;
    Ipv6Header.write(out, 0, 0, 8, IpProtocol.ICMPV6, 64, net, 2, net, 3);
    IcmpHeader.write(out, type, 0, 0);
    return out;
  }
}
