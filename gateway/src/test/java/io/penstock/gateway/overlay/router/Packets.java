package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;
import java.net.InetAddress;

/// Builds packets for tests, all with right lengths and checksums.
///
/// They come from an allocator that counts what is in use, which takes the place of paranoid leak
/// detection: that is too slow for hundreds of thousands of packets.
public final class Packets {

  private static final UnpooledByteBufAllocator ALLOCATOR =
      new UnpooledByteBufAllocator(false, true);

  private Packets() {}

  /// The bytes of all packets, and of the router's answers, that were not released.
  public static long bytesInUse() {
    return ALLOCATOR.metric().usedHeapMemory() + ALLOCATOR.metric().usedDirectMemory();
  }

  /// An empty buffer of this capacity.
  public static ByteBuf buffer(int bytes) {
    return ALLOCATOR.heapBuffer(bytes);
  }

  public static InetAddress address(String text) {
    return InetAddress.ofLiteral(text);
  }

  public static int ip4(String text) {
    return (int) LeasedAddress.low(address(text));
  }

  /// An IP packet of the family of its addresses around this transport, which it releases.
  public static ByteBuf ip(String from, String to, int protocol, int hopLimit, ByteBuf transport) {
    InetAddress source = address(from);
    InetAddress destination = address(to);
    int bytes = transport.readableBytes();
    ByteBuf out = ALLOCATOR.heapBuffer(40 + bytes);
    if (source.getAddress().length == 4) {
      Ipv4Header.write(out, 0, 20 + bytes, 7, 0, hopLimit, protocol, ip4(from), ip4(to));
    } else {
      Ipv6Header.write(
          out,
          0,
          0,
          bytes,
          protocol,
          hopLimit,
          LeasedAddress.high(source),
          LeasedAddress.low(source),
          LeasedAddress.high(destination),
          LeasedAddress.low(destination));
    }
    out.writeBytes(transport);
    transport.release();
    return out;
  }

  public static ByteBuf udp(
      String from, String to, int sourcePort, int destinationPort, int dataBytes) {
    return ip(from, to, IpProtocol.UDP, 64, udpPayload(sourcePort, destinationPort, dataBytes));
  }

  public static ByteBuf udpPayload(int sourcePort, int destinationPort, int dataBytes) {
    ByteBuf out = Unpooled.buffer(8 + dataBytes);
    UdpHeader.write(out, sourcePort, destinationPort, 8 + dataBytes);
    return out.writeZero(dataBytes);
  }

  public static ByteBuf tcp(
      String from, String to, int sourcePort, int destinationPort, int flags) {
    ByteBuf segment = Unpooled.buffer();
    TcpHeader.write(segment, sourcePort, destinationPort, 1, 0, flags, 512, 0);
    return ip(from, to, IpProtocol.TCP, 64, segment);
  }

  /// A SYN with an MSS option and a right checksum.
  public static ByteBuf syn(String from, String to, int mss) {
    ByteBuf segment = Unpooled.buffer();
    TcpHeader.write(segment, 1111, 80, 1, 0, TcpHeader.SYN, 512, 4);
    segment.writeByte(2).writeByte(4).writeShort(mss);
    TcpHeader.writeChecksum(segment, 0, 24, pseudoHeader(from, to, IpProtocol.TCP, 24));
    return ip(from, to, IpProtocol.TCP, 64, segment);
  }

  public static long pseudoHeader(String from, String to, int protocol, int length) {
    InetAddress source = address(from);
    InetAddress destination = address(to);
    return source.getAddress().length == 4
        ? InternetChecksum.pseudoHeader4(ip4(from), ip4(to), protocol, length)
        : InternetChecksum.pseudoHeader6(
            LeasedAddress.high(source),
            LeasedAddress.low(source),
            LeasedAddress.high(destination),
            LeasedAddress.low(destination),
            protocol,
            length);
  }

  public static ByteBuf ping(String from, String to, int identifier) {
    ByteBuf out = ALLOCATOR.heapBuffer(128);
    ByteBuf data = Unpooled.EMPTY_BUFFER;
    InetAddress source = address(from);
    InetAddress destination = address(to);
    if (source.getAddress().length == 4) {
      IcmpEcho.writeRequest4(out, ip4(from), ip4(to), 64, identifier, 1, data);
    } else {
      IcmpEcho.writeRequest6(
          out,
          LeasedAddress.high(source),
          LeasedAddress.low(source),
          LeasedAddress.high(destination),
          LeasedAddress.low(destination),
          64,
          identifier,
          1,
          data);
    }
    return out;
  }

  /// A fragment of an IPv4 packet of UDP.
  public static ByteBuf fragment(
      String from, String to, int id, int offsetBytes, boolean more, ByteBuf payload) {
    int bytes = payload.readableBytes();
    ByteBuf out = ALLOCATOR.heapBuffer(20 + bytes);
    int flags = offsetBytes / 8 | (more ? Ipv4Header.MORE_FRAGMENTS : 0);
    Ipv4Header.write(out, 0, 20 + bytes, id, flags, 64, IpProtocol.UDP, ip4(from), ip4(to));
    out.writeBytes(payload);
    payload.release();
    return out;
  }
}
