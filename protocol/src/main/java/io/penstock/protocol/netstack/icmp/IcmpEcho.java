package io.penstock.protocol.netstack.icmp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;

/// Echo requests and replies, what `ping` sends and gets (RFC 792, RFC 4443 section 4).
public final class IcmpEcho {

  private IcmpEcho() {}

  /// How long a request over IPv4 with this much data is.
  public static int length4(int dataBytes) {
    return Ipv4Header.MIN_BYTES + IcmpHeader.BYTES + dataBytes;
  }

  /// How long a request over IPv6 with this much data is.
  public static int length6(int dataBytes) {
    return Ipv6Header.BYTES + IcmpHeader.BYTES + dataBytes;
  }

  /// Appends an echo request over IPv4 with the readable bytes of `data`, which are not consumed.
  public static void writeRequest4(
      ByteBuf out,
      int source,
      int destination,
      int timeToLive,
      int identifier,
      int sequence,
      ByteBuf data) {
    Ipv4Header.write(
        out,
        0,
        length4(data.readableBytes()),
        0,
        Ipv4Header.DONT_FRAGMENT,
        timeToLive,
        IpProtocol.ICMP,
        source,
        destination);
    writeMessage(out, IcmpHeader.ECHO_REQUEST, identifier << 16 | sequence, data, 0);
  }

  /// Appends an echo request over IPv6 with the readable bytes of `data`, which are not consumed.
  public static void writeRequest6(
      ByteBuf out,
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow,
      int hopLimit,
      int identifier,
      int sequence,
      ByteBuf data) {
    int message = IcmpHeader.BYTES + data.readableBytes();
    Ipv6Header.write(
        out,
        0,
        0,
        message,
        IpProtocol.ICMPV6,
        hopLimit,
        sourceHigh,
        sourceLow,
        destinationHigh,
        destinationLow);
    long pseudoHeader =
        InternetChecksum.pseudoHeader6(
            sourceHigh, sourceLow, destinationHigh, destinationLow, IpProtocol.ICMPV6, message);
    writeMessage(out, Icmp6Header.ECHO_REQUEST, identifier << 16 | sequence, data, pseudoHeader);
  }

  /// Appends the reply to `request`, an echo request that lies whole in `buf`.
  public static void writeReply(IpPacket request, ByteBuf buf, int hopLimit, ByteBuf out) {
    if (!isRequest(request, buf)) {
      throw new IllegalArgumentException("not an echo request");
    }
    int type;
    long pseudoHeader = 0;
    if (request.isIpv4()) {
      type = IcmpHeader.ECHO_REPLY;
      Ipv4Header.write(
          out,
          Ipv4Header.trafficClass(buf, request.at()),
          Ipv4Header.MIN_BYTES + request.transportBytes(),
          0,
          Ipv4Header.DONT_FRAGMENT,
          hopLimit,
          IpProtocol.ICMP,
          (int) request.destinationLow(),
          (int) request.sourceLow());
    } else {
      type = Icmp6Header.ECHO_REPLY;
      Ipv6Header.write(
          out,
          Ipv6Header.trafficClass(buf, request.at()),
          0,
          request.transportBytes(),
          IpProtocol.ICMPV6,
          hopLimit,
          request.destinationHigh(),
          request.destinationLow(),
          request.sourceHigh(),
          request.sourceLow());
      pseudoHeader = request.pseudoHeader(IpProtocol.ICMPV6, request.transportBytes());
    }
    int data = request.transportAt() + IcmpHeader.BYTES;
    int at = out.writerIndex();
    IcmpHeader.write(out, type, 0, IcmpHeader.rest(buf, request.transportAt()));
    out.writeBytes(buf, data, request.transportBytes() - IcmpHeader.BYTES);
    IcmpHeader.writeChecksum(out, at, request.transportBytes(), pseudoHeader);
  }

  private static void writeMessage(
      ByteBuf out, int type, int rest, ByteBuf data, long pseudoHeader) {
    int at = out.writerIndex();
    IcmpHeader.write(out, type, 0, rest);
    out.writeBytes(data, data.readerIndex(), data.readableBytes());
    IcmpHeader.writeChecksum(out, at, out.writerIndex() - at, pseudoHeader);
  }

  /// Says whether this is a whole echo request.
  public static boolean isRequest(IpPacket packet, ByteBuf buf) {
    return isOfType(packet, buf, IcmpHeader.ECHO_REQUEST, Icmp6Header.ECHO_REQUEST);
  }

  /// Says whether this is a whole echo reply.
  public static boolean isReply(IpPacket packet, ByteBuf buf) {
    return isOfType(packet, buf, IcmpHeader.ECHO_REPLY, Icmp6Header.ECHO_REPLY);
  }

  private static boolean isOfType(IpPacket packet, ByteBuf buf, int type4, int type6) {
    return packet.isIcmp()
        && !packet.isFragment()
        && IcmpHeader.type(buf, packet.transportAt()) == (packet.isIpv4() ? type4 : type6);
  }

  /// Says whether the checksum of an ICMP message that lies whole in `buf` is right. Routers do not
  /// ask; hosts do before they believe or answer one.
  public static boolean checksumIsRight(IpPacket packet, ByteBuf buf) {
    long sum =
        packet.isIpv4() ? 0 : packet.pseudoHeader(IpProtocol.ICMPV6, packet.transportBytes());
    return InternetChecksum.finish(
            InternetChecksum.add(sum, buf, packet.transportAt(), packet.transportBytes()))
        == 0;
  }
}
