package io.penstock.protocol.netstack.icmp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.protocol.netstack.ip.Reassembly;
import io.penstock.protocol.netstack.ip.ReassemblyConfig;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SeededRandom;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class IcmpInputTest {

  private static final IpEndpoint US = StackPackets.US_4;
  private static final IpEndpoint PEER = StackPackets.PEER_4;
  private static final IpEndpoint US_6 = StackPackets.US_6;
  private static final IpEndpoint PEER_6 = StackPackets.PEER_6;

  private final IcmpFixture host = new IcmpFixture();
  private final StackPackets packets = new StackPackets(host.allocator);

  @AfterEach
  void nothing_is_held() {
    host.end();
  }

  static List<List<String>> echoes() {
    return Vectors.read("icmp-echo");
  }

  static List<List<String>> kernelErrors() {
    return Vectors.read("icmp-errors");
  }

  @ParameterizedTest
  @MethodSource("echoes")
  void an_echo_request_is_answered_as_the_kernel_does(List<String> vector) {
    ByteBuf request = Vectors.bytes(vector.getFirst());
    ByteBuf kernels = Vectors.bytes(vector.get(1));

    assertThat(host.at(request).receive(request)).isEqualTo(IcmpReceive.ANSWERED);

    ByteBuf reply = host.queue.poll();
    assertThat(reply).isNotNull();
    assertThat(reply.readerIndex()).isEqualTo(16);
    assertThat(host.view.parse(reply)).isEqualTo(PacketFault.NONE);
    int at = host.view.transportAt();
    int length = host.view.transportBytes();
    assertThat(ByteBufUtil.hexDump(reply, at, length))
        .isEqualTo(ByteBufUtil.hexDump(kernels, kernels.readableBytes() - length, length));
    reply.release();
    assertThat(host.receive(kernels)).isEqualTo(IcmpReceive.ECHO_REPLY);
    assertThat(host.queue.isEmpty()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("echoes")
  void only_a_right_request_to_an_address_of_ours_is_answered(List<String> vector) {
    ByteBuf request = Vectors.bytes(vector.getFirst());
    assertThat(host.receive(request)).isEqualTo(IcmpReceive.NOT_OURS);
    host.at(request);
    request.setByte(request.writerIndex() - 1, request.getByte(request.writerIndex() - 1) ^ 1);
    assertThat(host.receive(request)).isEqualTo(IcmpReceive.BAD_CHECKSUM);

    assertThat(host.queue.isEmpty()).isTrue();
    assertThat(host.input.count(IcmpReceive.NOT_OURS)).isEqualTo(1);
    assertThat(host.input.count(IcmpReceive.BAD_CHECKSUM)).isEqualTo(1);
  }

  @Test
  void nobody_can_make_us_answer_many_or_answer_as_many() {
    host.addresses.add(true, 0, US.low(), 24);
    host.addresses.add(false, US_6.high(), US_6.low(), 64);
    IpEndpoint broadcast = IpEndpoint.of4((int) US.low() | 0xff, 0);
    IpEndpoint everybody = IpEndpoint.of4(-1, 0);
    IpEndpoint multicast = IpEndpoint.of6(0xff02L << 48, 1, 0);

    assertThat(ping(PEER, broadcast)).isEqualTo(IcmpReceive.NOT_OURS);
    assertThat(ping(PEER, everybody)).isEqualTo(IcmpReceive.NOT_OURS);
    assertThat(ping(PEER_6, multicast)).isEqualTo(IcmpReceive.NOT_OURS);
    assertThat(ping(broadcast, US)).isEqualTo(IcmpReceive.NOT_OURS);
    assertThat(ping(IpEndpoint.of4(0, 0), US)).isEqualTo(IcmpReceive.NOT_OURS);
    assertThat(ping(multicast, US_6)).isEqualTo(IcmpReceive.NOT_OURS);
    assertThat(ping(PEER, US)).isEqualTo(IcmpReceive.ANSWERED);
    assertThat(ping(PEER_6, US_6)).isEqualTo(IcmpReceive.ANSWERED);
  }

  private IcmpReceive ping(IpEndpoint from, IpEndpoint to) {
    ByteBuf request = request(from, to, new byte[8]);
    IcmpReceive result = host.receive(request);
    request.release();
    return result;
  }

  private ByteBuf request(IpEndpoint from, IpEndpoint to, byte[] data) {
    ByteBuf out = host.allocator.directBuffer(64 + data.length);
    ByteBuf content = Unpooled.wrappedBuffer(data);
    if (from.ipv4()) {
      IcmpEcho.writeRequest4(out, (int) from.low(), (int) to.low(), 64, 1, 2, content);
    } else {
      IcmpEcho.writeRequest6(out, from.high(), from.low(), to.high(), to.low(), 64, 1, 2, content);
    }
    return out;
  }

  @ParameterizedTest
  @CsvSource({"true, 60000", "true, 1473", "true, 65507", "false, 60000", "false, 1453"})
  void a_reply_longer_than_the_path_leaves_in_fragments(boolean ipv4, int length) {
    IpEndpoint us = ipv4 ? US : US_6;
    host.addresses.add(ipv4, us.high(), us.low(), 24);
    byte[] data = new SeededRandom(length).bytes(length);
    ByteBuf request = request(ipv4 ? PEER : PEER_6, us, data);

    assertThat(host.receive(request)).isEqualTo(IcmpReceive.ANSWERED);

    request.release();
    Reassembly reassembly = new Reassembly(host.allocator, ReassemblyConfig.DEFAULTS, 1);
    ByteBuf whole = null;
    while (!host.queue.isEmpty()) {
      ByteBuf fragment = host.queue.poll();
      assertThat(fragment).isNotNull();
      assertThat(fragment.readableBytes()).isLessThanOrEqualTo(1500);
      assertThat(host.view.parse(fragment)).isEqualTo(PacketFault.NONE);
      whole = reassembly.receive(host.view, fragment, 0);
    }
    assertThat(whole).isNotNull();
    assertThat(host.receive(whole)).isEqualTo(IcmpReceive.ECHO_REPLY);
    assertThat(ByteBufUtil.getBytes(whole, host.view.transportAt() + 8, length)).isEqualTo(data);
    whole.release();
  }

  @Test
  void a_reply_for_which_there_is_no_room_is_dropped() {
    host.addresses.add(true, 0, US.low(), 24);
    host.queue.close();

    assertThat(ping(PEER, US)).isEqualTo(IcmpReceive.REPLY_DROPPED);
  }

  @ParameterizedTest
  @MethodSource("kernelErrors")
  void an_error_of_the_kernel_says_which_packet_it_is_about(List<String> vector) {
    ByteBuf about = Vectors.bytes(vector.get(2));
    ByteBuf error = Vectors.bytes(vector.get(3));
    assertThat(host.view.parse(about)).isEqualTo(PacketFault.NONE);
    IpEndpoint local = IpEndpoint.source(host.view);
    IpEndpoint remote = IpEndpoint.destination(host.view);

    assertThat(host.receive(error)).isEqualTo(IcmpReceive.ERROR);

    IcmpReport report = host.input.report();
    assertThat(
            new IpEndpoint(
                report.ipv4(), report.localHigh(), report.localLow(), report.localPort()))
        .isEqualTo(local);
    assertThat(
            new IpEndpoint(
                report.ipv4(), report.remoteHigh(), report.remoteLow(), report.remotePort()))
        .isEqualTo(remote);
    assertThat(report.protocol()).isEqualTo(IpProtocol.UDP);
    assertThat(report.sequenceNumber()).isZero();
    IcmpError kind = IcmpError.valueOf(vector.getFirst());
    assertThat(report.kind())
        .isEqualTo(
            switch (kind) {
              case HOP_LIMIT_EXCEEDED, REASSEMBLY_TIME_EXCEEDED -> IcmpKind.TIME_EXCEEDED;
              case NO_ROUTE, ADDRESS_UNREACHABLE -> IcmpKind.UNREACHABLE;
              case ADMIN_PROHIBITED -> IcmpKind.PROHIBITED;
              case PORT_UNREACHABLE -> IcmpKind.PORT_UNREACHABLE;
              case PACKET_TOO_BIG -> IcmpKind.TOO_BIG;
            });
    assertThat(report.mtuBytes()).isEqualTo(kind == IcmpError.PACKET_TOO_BIG ? 1280 : 0);
  }

  @ParameterizedTest
  @CsvSource({
    "3, 0, UNREACHABLE, false",
    "3, 1, UNREACHABLE, false",
    "3, 2, PROTOCOL_UNREACHABLE, true",
    "3, 3, PORT_UNREACHABLE, true",
    "3, 5, UNREACHABLE, false",
    "3, 9, PROHIBITED, false",
    "3, 10, PROHIBITED, false",
    "3, 13, PROHIBITED, false",
    "11, 0, TIME_EXCEEDED, false",
    "11, 1, TIME_EXCEEDED, false",
    "12, 0, PARAMETER_PROBLEM, false"
  })
  void the_errors_of_ipv4_are_hard_or_not(int type, int code, IcmpKind kind, boolean hard) {
    ByteBuf quoted = packets.syn(US.withPort(4000), PEER.withPort(80), 0x8123_4567);

    assertThat(error(PEER, US, type, code, 0, quoted)).isEqualTo(IcmpReceive.ERROR);

    assertThat(host.input.report().kind()).isEqualTo(kind);
    assertThat(host.input.report().kind().isHard()).isEqualTo(hard);
    assertThat(host.input.report().protocol()).isEqualTo(IpProtocol.TCP);
    assertThat(host.input.report().localPort()).isEqualTo(4000);
    assertThat(host.input.report().sequenceNumber()).isEqualTo(0x8123_4567);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, UNREACHABLE",
    "1, 1, PROHIBITED",
    "1, 2, UNREACHABLE",
    "1, 3, UNREACHABLE",
    "1, 4, PORT_UNREACHABLE",
    "1, 5, PROHIBITED",
    "1, 6, PROHIBITED",
    "3, 0, TIME_EXCEEDED",
    "4, 0, PARAMETER_PROBLEM",
    "4, 1, PROTOCOL_UNREACHABLE"
  })
  void the_errors_of_ipv6_have_their_own_numbers(int type, int code, IcmpKind kind) {
    ByteBuf quoted = packets.syn(US_6.withPort(4000), PEER_6.withPort(80), 7);

    assertThat(error(PEER_6, US_6, type, code, 0, quoted)).isEqualTo(IcmpReceive.ERROR);

    assertThat(host.input.report().kind()).isEqualTo(kind);
  }

  /// An error that quotes the whole of `quoted`, which it takes.
  private IcmpReceive error(
      IpEndpoint from, IpEndpoint to, int type, int code, int rest, ByteBuf quoted) {
    int length = 8 + quoted.readableBytes();
    int protocol = from.ipv4() ? IpProtocol.ICMP : IpProtocol.ICMPV6;
    ByteBuf out = packets.header(from, to, protocol, length);
    int at = out.writerIndex();
    IcmpHeader.write(out, type, code, rest);
    out.writeBytes(quoted);
    quoted.release();
    long pseudo = from.ipv4() ? 0 : StackPackets.pseudoHeader(from, to, protocol, length);
    IcmpHeader.writeChecksum(out, at, length, pseudo);
    IcmpReceive result = host.receive(out);
    out.release();
    return result;
  }

  @Test
  void an_error_that_quotes_what_we_cannot_have_sent_is_no_error() {
    ByteBuf fromOther = packets.udp(PEER.withPort(1), US.withPort(2), new byte[9]);
    assertThat(error(PEER, US, 3, 3, 0, fromOther)).isEqualTo(IcmpReceive.BAD_QUOTE);
    ByteBuf version6 = packets.udp(US_6.withPort(1), PEER_6.withPort(2), new byte[9]);
    assertThat(error(PEER, US, 3, 3, 0, version6)).isEqualTo(IcmpReceive.BAD_QUOTE);
    ByteBuf cut = packets.udp(US.withPort(1), PEER.withPort(2), new byte[9]);
    assertThat(error(PEER, US, 3, 3, 0, cut.writerIndex(27))).isEqualTo(IcmpReceive.BAD_QUOTE);
    ByteBuf nothing = host.allocator.directBuffer(1);
    assertThat(error(PEER, US, 3, 3, 0, nothing)).isEqualTo(IcmpReceive.BAD_QUOTE);
    assertThat(host.input.count(IcmpReceive.BAD_QUOTE)).isEqualTo(4);
  }

  @Test
  void a_packet_that_would_have_fitted_was_not_too_big() {
    assertThat(error(PEER, US, 3, 4, 1028, tooBig4())).isEqualTo(IcmpReceive.BAD_QUOTE);
    assertThat(error(PEER, US, 3, 4, 1027, tooBig4())).isEqualTo(IcmpReceive.ERROR);
    assertThat(host.input.report().mtuBytes()).isEqualTo(1027);
    assertThat(error(PEER_6, US_6, Icmp6Header.PACKET_TOO_BIG, 0, 1448, tooBig6()))
        .isEqualTo(IcmpReceive.BAD_QUOTE);
    assertThat(error(PEER_6, US_6, Icmp6Header.PACKET_TOO_BIG, 0, -1, tooBig6()))
        .isEqualTo(IcmpReceive.BAD_QUOTE);
    assertThat(error(PEER_6, US_6, Icmp6Header.PACKET_TOO_BIG, 0, 1447, tooBig6()))
        .isEqualTo(IcmpReceive.ERROR);
    assertThat(host.input.report().mtuBytes()).isEqualTo(1447);
  }

  private ByteBuf tooBig4() {
    return packets.udp(US.withPort(1), PEER.withPort(2), new byte[1000]);
  }

  private ByteBuf tooBig6() {
    return packets.udp(US_6.withPort(1), PEER_6.withPort(2), new byte[1400]);
  }

  @Test
  void a_router_that_names_no_mtu_makes_us_try_the_next_common_one() {
    assertThat(error(PEER, US, 3, 4, 0, tooBig4())).isEqualTo(IcmpReceive.ERROR);

    assertThat(host.input.report().mtuBytes()).isEqualTo(1006);
  }

  @ParameterizedTest
  @CsvSource({"4", "5", "9", "10", "13", "17"})
  void what_concerns_routers_is_ignored(int type) {
    ByteBuf quoted = packets.udp(US.withPort(1), PEER.withPort(2), new byte[9]);
    assertThat(error(PEER, US, type, 0, 0, quoted)).isEqualTo(IcmpReceive.IGNORED);
  }

  @ParameterizedTest
  @CsvSource({"0", "5", "127", "133", "135", "137"})
  void what_concerns_neighbours_is_ignored(int type) {
    ByteBuf quoted = packets.udp(US_6.withPort(1), PEER_6.withPort(2), new byte[9]);
    assertThat(error(PEER_6, US_6, type, 0, 0, quoted)).isEqualTo(IcmpReceive.IGNORED);
  }
}
