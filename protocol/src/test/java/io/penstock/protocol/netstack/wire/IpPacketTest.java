package io.penstock.protocol.netstack.wire;

import static io.penstock.protocol.netstack.wire.TestPackets.extension;
import static io.penstock.protocol.netstack.wire.TestPackets.fragment;
import static io.penstock.protocol.netstack.wire.TestPackets.ipv4;
import static io.penstock.protocol.netstack.wire.TestPackets.ipv4WithOptions;
import static io.penstock.protocol.netstack.wire.TestPackets.ipv6;
import static io.penstock.protocol.netstack.wire.TestPackets.tcp;
import static io.penstock.protocol.netstack.wire.TestPackets.udp;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.Vectors;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpPacketTest {

  private final IpPacket view = new IpPacket();

  static List<List<String>> kernelPackets() {
    return Vectors.read("ip-packets");
  }

  @ParameterizedTest
  @MethodSource("kernelPackets")
  void whatever_the_kernel_sends_is_well_formed(List<String> vector) {
    ByteBuf packet = Vectors.bytes(vector.get(1));

    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    assertThat(view.isIpv4()).isEqualTo(!vector.getFirst().contains("6"));
    assertThat(view.length()).isEqualTo(packet.readableBytes());
    assertThat(view.hopLimit()).isEqualTo(64);
  }

  @Test
  void a_syn_over_ipv4_reads_as_the_kernel_wrote_it() {
    ByteBuf packet = Vectors.kernelPacket("tcp_syn_4");

    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    assertThat(view.protocol()).isEqualTo(IpProtocol.TCP);
    assertThat(Ipv4Address.format((int) view.sourceLow())).isEqualTo("10.64.0.1");
    assertThat(Ipv4Address.format((int) view.destinationLow())).isEqualTo("10.64.0.2");
    assertThat(view.destinationPort()).isEqualTo(80);
    assertThat(view.sourcePort()).isEqualTo(0x91fa);
    assertThat(view.tcpFlags(packet)).isEqualTo(TcpHeader.SYN);
    assertThat(TcpHeader.maxSegmentSize(packet, view.transportAt())).isEqualTo(1460);
    assertThat(TcpHeader.sequenceNumber(packet, view.transportAt())).isEqualTo(0x7d3b9d4f);
    assertThat(view.isFragment()).isFalse();
  }

  @Test
  void a_syn_over_ipv6_reads_as_the_kernel_wrote_it() {
    ByteBuf packet = Vectors.kernelPacket("tcp_syn_6");

    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    assertThat(Ipv6Address.format(view.sourceHigh(), view.sourceLow())).isEqualTo("fd00:64::1");
    assertThat(Ipv6Address.format(view.destinationHigh(), view.destinationLow()))
        .isEqualTo("fd00:64::2");
    assertThat(view.destinationPort()).isEqualTo(443);
    assertThat(TcpHeader.maxSegmentSize(packet, view.transportAt())).isEqualTo(1440);
    assertThat(Ipv6Header.flowLabel(packet, 0)).isEqualTo(0x45a09);
  }

  @Test
  void fragments_of_the_kernel_read_as_such() {
    for (String family : List.of("4", "6")) {
      assertThat(view.parse(Vectors.kernelPacket("udp_fragments_" + family + "_0")))
          .isEqualTo(PacketFault.NONE);
      int id = view.fragmentId();
      int firstBytes = view.transportBytes();
      assertThat(view.isFragment()).isTrue();
      assertThat(view.hasTransport()).isTrue();
      assertThat(view.moreFragments()).isTrue();
      assertThat(view.destinationPort()).isEqualTo(53);

      assertThat(view.parse(Vectors.kernelPacket("udp_fragments_" + family + "_1")))
          .isEqualTo(PacketFault.NONE);
      assertThat(view.fragmentId()).isEqualTo(id);
      assertThat(view.fragmentOffsetBytes()).isEqualTo(firstBytes);
      assertThat(view.hasTransport()).isFalse();
      assertThat(view.moreFragments()).isFalse();
      assertThat(view.protocol()).isEqualTo(IpProtocol.UDP);
      assertThat(view.destinationPort()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("kernelPackets")
  void a_packet_cut_anywhere_is_truncated(List<String> vector) {
    ByteBuf packet = Vectors.bytes(vector.get(1));
    for (int length = 0; length < packet.readableBytes(); length++) {
      assertThat(view.parse(packet.slice(0, length))).isEqualTo(PacketFault.TRUNCATED);
    }
  }

  @ParameterizedTest
  @MethodSource("kernelPackets")
  void bytes_behind_a_packet_are_a_fault(List<String> vector) {
    ByteBuf packet = Unpooled.buffer().writeBytes(Vectors.bytes(vector.get(1))).writeByte(0);

    assertThat(view.parse(packet)).isEqualTo(PacketFault.TRAILING_BYTES);
  }

  @Test
  void one_flipped_bit_in_the_header_of_ipv4_is_found() {
    for (int bit = 0; bit < 20 * 8; bit++) {
      ByteBuf packet = ipv4(IpProtocol.UDP, 0, udp(1, 2, 10));
      packet.setByte(bit / 8, packet.getByte(bit / 8) ^ (1 << (bit % 8)));

      assertThat(view.parse(packet)).isNotEqualTo(PacketFault.NONE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5, 7, 15})
  void another_version_is_no_packet(int version) {
    ByteBuf packet = ipv4(IpProtocol.UDP, 0, udp(1, 2, 10));
    packet.setByte(0, version << 4 | 5);

    assertThat(view.parse(packet)).isEqualTo(PacketFault.BAD_VERSION);
  }

  @Test
  void a_header_shorter_than_twenty_bytes_or_longer_than_the_packet_is_a_fault() {
    ByteBuf packet = ipv4(IpProtocol.UDP, 0, udp(1, 2, 10));
    packet.setByte(0, 0x44);
    assertThat(view.parse(packet)).isEqualTo(PacketFault.BAD_HEADER_LENGTH);
    packet.setByte(0, 0x4f);
    assertThat(view.parse(packet)).isEqualTo(PacketFault.BAD_HEADER_LENGTH);
  }

  @Test
  void options_are_walked_and_source_routes_refused() {
    assertThat(view.parse(ipv4WithOptions(new byte[] {(byte) 148, 4, 0, 0})))
        .isEqualTo(PacketFault.NONE);
    assertThat(view.destinationPort()).isEqualTo(53);
    assertThat(view.parse(ipv4WithOptions(new byte[] {1, 1, 0, 99}))).isEqualTo(PacketFault.NONE);
    assertThat(view.parse(ipv4WithOptions(new byte[] {1, (byte) 131, 3, 4})))
        .isEqualTo(PacketFault.SOURCE_ROUTED);
    assertThat(view.parse(ipv4WithOptions(new byte[] {(byte) 137, 3, 4, 0})))
        .isEqualTo(PacketFault.SOURCE_ROUTED);
    assertThat(view.parse(ipv4WithOptions(new byte[] {7, 5, 0, 0})))
        .isEqualTo(PacketFault.BAD_OPTIONS);
    assertThat(view.parse(ipv4WithOptions(new byte[] {7, 1, 0, 0})))
        .isEqualTo(PacketFault.BAD_OPTIONS);
    assertThat(view.parse(ipv4WithOptions(new byte[] {1, 1, 1, 7})))
        .isEqualTo(PacketFault.BAD_OPTIONS);
  }

  @Test
  void fragments_that_cannot_be_are_refused() {
    int more = Ipv4Header.MORE_FRAGMENTS;
    ByteBuf twelve = Unpooled.buffer().writeZero(12);
    ByteBuf sixteen = Unpooled.buffer().writeZero(16);

    assertThat(view.parse(ipv4(IpProtocol.UDP, more | 100, twelve.duplicate())))
        .isEqualTo(PacketFault.BAD_FRAGMENT);
    assertThat(view.parse(ipv4(IpProtocol.UDP, 100, twelve.duplicate())))
        .isEqualTo(PacketFault.NONE);
    assertThat(view.parse(ipv4(IpProtocol.UDP, 8191, sixteen.duplicate())))
        .isEqualTo(PacketFault.BAD_FRAGMENT);
    assertThat(view.parse(ipv4(IpProtocol.UDP, 100, Unpooled.EMPTY_BUFFER)))
        .isEqualTo(PacketFault.BAD_FRAGMENT);
  }

  @Test
  void a_fragment_that_hides_or_overwrites_the_flags_of_tcp_is_refused() {
    int more = Ipv4Header.MORE_FRAGMENTS;
    ByteBuf ports = tcp(TcpHeader.SYN).slice(0, 8);
    ByteBuf rest = tcp(TcpHeader.SYN).slice(8, 12);

    assertThat(view.parse(ipv4(IpProtocol.TCP, more, ports))).isEqualTo(PacketFault.BAD_FRAGMENT);
    assertThat(view.parse(ipv4(IpProtocol.TCP, 1, rest))).isEqualTo(PacketFault.BAD_FRAGMENT);
    assertThat(view.parse(ipv6(IpProtocol.FRAGMENT, fragment(6, 8, false, rest.slice()))))
        .isEqualTo(PacketFault.BAD_FRAGMENT);
  }

  @Test
  void the_transport_behind_extension_headers_is_found() {
    ByteBuf chain =
        extension(IpProtocol.DESTINATION_OPTIONS, extension(IpProtocol.TCP, tcp(TcpHeader.ACK)));
    ByteBuf packet = ipv6(IpProtocol.HOP_BY_HOP, chain);

    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    assertThat(view.protocol()).isEqualTo(IpProtocol.TCP);
    assertThat(view.transportAt()).isEqualTo(56);
    assertThat(view.tcpFlags(packet)).isEqualTo(TcpHeader.ACK);
  }

  @Test
  void an_authentication_header_counts_its_length_in_four_bytes() {
    ByteBuf header = Unpooled.buffer().writeByte(IpProtocol.UDP).writeByte(4).writeZero(22);
    header.writeBytes(udp(7, 8, 0));

    assertThat(view.parse(ipv6(IpProtocol.AUTHENTICATION, header))).isEqualTo(PacketFault.NONE);
    assertThat(view.sourcePort()).isEqualTo(7);
    assertThat(view.destinationPort()).isEqualTo(8);
  }

  @Test
  void extension_headers_out_of_order_or_out_of_bounds_are_refused() {
    ByteBuf hopLater = extension(IpProtocol.HOP_BY_HOP, extension(IpProtocol.UDP, udp(1, 2, 0)));
    assertThat(view.parse(ipv6(IpProtocol.DESTINATION_OPTIONS, hopLater)))
        .isEqualTo(PacketFault.BAD_EXTENSION_HEADERS);

    ByteBuf tooLong = extension(IpProtocol.UDP, udp(1, 2, 0));
    tooLong.setByte(1, 2);
    assertThat(view.parse(ipv6(IpProtocol.DESTINATION_OPTIONS, tooLong)))
        .isEqualTo(PacketFault.BAD_EXTENSION_HEADERS);

    assertThat(view.parse(ipv6(IpProtocol.DESTINATION_OPTIONS, Unpooled.EMPTY_BUFFER)))
        .isEqualTo(PacketFault.BAD_EXTENSION_HEADERS);

    ByteBuf twice =
        fragment(IpProtocol.FRAGMENT, 0, true, fragment(IpProtocol.UDP, 0, true, udp(1, 2, 8)));
    assertThat(view.parse(ipv6(IpProtocol.FRAGMENT, twice)))
        .isEqualTo(PacketFault.BAD_EXTENSION_HEADERS);
  }

  @Test
  void the_walk_ends_after_eight_extension_headers() {
    ByteBuf chain = extension(IpProtocol.UDP, udp(1, 2, 0));
    for (int i = 1; i < Ipv6Extensions.MAX_HEADERS; i++) {
      chain = extension(IpProtocol.DESTINATION_OPTIONS, chain);
    }
    assertThat(view.parse(ipv6(IpProtocol.DESTINATION_OPTIONS, chain))).isEqualTo(PacketFault.NONE);

    chain = extension(IpProtocol.DESTINATION_OPTIONS, chain);
    assertThat(view.parse(ipv6(IpProtocol.DESTINATION_OPTIONS, chain)))
        .isEqualTo(PacketFault.BAD_EXTENSION_HEADERS);
  }

  @Test
  void a_routing_header_of_type_0_is_refused_and_others_pass() {
    ByteBuf header = extension(IpProtocol.UDP, udp(1, 2, 0));
    assertThat(view.parse(ipv6(IpProtocol.ROUTING, header.duplicate())))
        .isEqualTo(PacketFault.SOURCE_ROUTED);
    header.setByte(2, 3);
    assertThat(view.parse(ipv6(IpProtocol.ROUTING, header))).isEqualTo(PacketFault.NONE);
  }

  @Test
  void a_whole_packet_with_a_fragment_header_is_no_fragment() {
    ByteBuf packet = ipv6(IpProtocol.FRAGMENT, fragment(IpProtocol.UDP, 0, false, udp(7, 8, 3)));

    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    assertThat(view.isFragment()).isFalse();
    assertThat(view.destinationPort()).isEqualTo(8);
  }

  @Test
  void transports_with_impossible_lengths_are_refused() {
    ByteBuf longUdp = udp(1, 2, 4);
    longUdp.setShort(4, 13);
    ByteBuf shortUdp = udp(1, 2, 4);
    shortUdp.setShort(4, 7);
    ByteBuf surplus = udp(1, 2, 4).writeByte(0);
    ByteBuf shortTcp = tcp(0);
    shortTcp.setByte(12, 4 << 4);
    ByteBuf longTcp = tcp(0);
    longTcp.setByte(12, 6 << 4);

    assertThat(view.parse(ipv4(17, 0, longUdp))).isEqualTo(PacketFault.BAD_TRANSPORT);
    assertThat(view.parse(ipv4(17, 0, shortUdp))).isEqualTo(PacketFault.BAD_TRANSPORT);
    assertThat(view.parse(ipv4(17, 0, surplus))).isEqualTo(PacketFault.NONE);
    assertThat(view.parse(ipv6(6, shortTcp))).isEqualTo(PacketFault.BAD_TRANSPORT);
    assertThat(view.parse(ipv6(6, longTcp))).isEqualTo(PacketFault.BAD_TRANSPORT);
    assertThat(view.parse(ipv6(6, tcp(0).slice(0, 19)))).isEqualTo(PacketFault.BAD_TRANSPORT);
    assertThat(view.parse(ipv4(1, 0, Unpooled.buffer().writeZero(7))))
        .isEqualTo(PacketFault.BAD_TRANSPORT);
  }

  @Test
  void a_quoted_packet_needs_only_the_first_eight_bytes_of_its_transport() {
    ByteBuf packet = Vectors.kernelPacket("tcp_syn_4");

    assertThat(view.parseQuoted(packet, 0, 28)).isEqualTo(PacketFault.NONE);
    assertThat(view.destinationPort()).isEqualTo(80);
    assertThat(view.parseQuoted(packet, 0, 27)).isEqualTo(PacketFault.TRUNCATED);
    assertThat(view.parseQuoted(packet, 0, 19)).isEqualTo(PacketFault.TRUNCATED);
    assertThat(view.parseQuoted(packet, 0, 0)).isEqualTo(PacketFault.TRUNCATED);
  }

  @Test
  void lowering_the_hop_limit_keeps_the_checksum_right() {
    for (int ttl = 1; ttl <= 255; ttl++) {
      ByteBuf packet = Unpooled.buffer();
      Ipv4Header.write(packet, 0, 28, ttl * 251, 0, ttl, 17, ttl * 0x01010101, 3);
      packet.writeBytes(udp(1, 2, 0));
      Ipv4Header.decrementTimeToLive(packet, 0);

      assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
      assertThat(view.hopLimit()).isEqualTo(ttl - 1);
      assertThat(Ipv4Header.protocol(packet, 0)).isEqualTo(17);
    }
    ByteBuf packet = ipv6(17, udp(1, 2, 0));
    Ipv6Header.decrementHopLimit(packet, 0);
    assertThat(Ipv6Header.hopLimit(packet, 0)).isEqualTo(63);
  }

  @Test
  void congestion_is_marked_only_where_the_ends_know_of_it() {
    ByteBuf four = ipv4(17, 0, udp(1, 2, 0));
    assertThat(Ipv4Header.markCongestion(four, 0)).isFalse();
    four.setByte(1, 0xb8 | 2);
    TestPackets.fixChecksum(four);
    assertThat(Ipv4Header.markCongestion(four, 0)).isTrue();
    assertThat(view.parse(four)).isEqualTo(PacketFault.NONE);
    assertThat(Ipv4Header.trafficClass(four, 0)).isEqualTo(0xbb);

    ByteBuf six = ipv6(17, udp(1, 2, 0));
    assertThat(Ipv6Header.markCongestion(six, 0)).isFalse();
    six.setInt(0, 6 << 28 | 0xb9 << 20 | 0xabcde);
    assertThat(Ipv6Header.markCongestion(six, 0)).isTrue();
    assertThat(Ipv6Header.trafficClass(six, 0)).isEqualTo(0xbb);
    assertThat(Ipv6Header.flowLabel(six, 0)).isEqualTo(0xabcde);
  }
}
