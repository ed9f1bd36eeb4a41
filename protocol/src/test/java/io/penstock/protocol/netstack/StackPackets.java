package io.penstock.protocol.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;

/// Packets as another host sends them, right in every header and checksum.
public final class StackPackets {

  /// Our address and that of another host, in both versions.
  public static final IpEndpoint US_4 = IpEndpoint.of4(0x0a40_0001, 0);

  public static final IpEndpoint PEER_4 = IpEndpoint.of4(0x0a40_0002, 0);
  public static final long NET_6 = 0xfd00_0064_0000_0000L;
  public static final IpEndpoint US_6 = IpEndpoint.of6(NET_6, 1, 0);
  public static final IpEndpoint PEER_6 = IpEndpoint.of6(NET_6, 2, 0);

  private final ByteBufAllocator allocator;

  public StackPackets(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /// A UDP datagram.
  public ByteBuf udp(IpEndpoint from, IpEndpoint to, byte... data) {
    int length = UdpHeader.BYTES + data.length;
    ByteBuf out = header(from, to, IpProtocol.UDP, length);
    int at = out.writerIndex();
    UdpHeader.write(out, from.port(), to.port(), length);
    out.writeBytes(data);
    UdpHeader.writeChecksum(out, at, length, pseudoHeader(from, to, IpProtocol.UDP, length));
    return out;
  }

  /// A SYN without options.
  public ByteBuf syn(IpEndpoint from, IpEndpoint to, int sequenceNumber) {
    return segment(from, to, sequenceNumber, TcpHeader.SYN);
  }

  /// A segment without data and options.
  public ByteBuf segment(IpEndpoint from, IpEndpoint to, int sequenceNumber, int flags) {
    ByteBuf out = header(from, to, IpProtocol.TCP, TcpHeader.MIN_BYTES);
    int at = out.writerIndex();
    TcpHeader.write(out, from.port(), to.port(), sequenceNumber, 0, flags, 64_000, 0);
    long pseudoHeader = pseudoHeader(from, to, IpProtocol.TCP, TcpHeader.MIN_BYTES);
    out.setShort(at + 16, 0);
    long sum = InternetChecksum.add(pseudoHeader, out, at, TcpHeader.MIN_BYTES);
    out.setShort(at + 16, InternetChecksum.finish(sum));
    return out;
  }

  /// An IP header for a payload of this length, with room for it behind.
  public ByteBuf header(IpEndpoint from, IpEndpoint to, int protocol, int payloadBytes) {
    int header = from.ipv4() ? Ipv4Header.MIN_BYTES : Ipv6Header.BYTES;
    ByteBuf out = allocator.directBuffer(header + payloadBytes, header + payloadBytes);
    if (from.ipv4()) {
      int length = header + payloadBytes;
      int source = (int) from.low();
      Ipv4Header.write(out, 0, length, 0, 0, 64, protocol, source, (int) to.low());
    } else {
      Ipv6Header.write(
          out, 0, 0, payloadBytes, protocol, 64, from.high(), from.low(), to.high(), to.low());
    }
    return out;
  }

  /// One fragment of a packet from the peer to us.
  public ByteBuf fragment(
      boolean ipv4, int id, int protocol, int offset, boolean more, byte... data) {
    if (ipv4) {
      ByteBuf out = header(PEER_4, US_4, protocol, data.length);
      int flags = (more ? Ipv4Header.MORE_FRAGMENTS : 0) | offset >> 3;
      Ipv4Header.rewrite(out, 0, Ipv4Header.MIN_BYTES + data.length, id, flags);
      return out.writeBytes(data);
    }
    ByteBuf out = header(PEER_6, US_6, IpProtocol.FRAGMENT, 8 + data.length);
    out.writeByte(protocol).writeByte(0).writeShort(offset | (more ? 1 : 0)).writeInt(id);
    return out.writeBytes(data);
  }

  public static long pseudoHeader(IpEndpoint from, IpEndpoint to, int protocol, int length) {
    return from.ipv4()
        ? InternetChecksum.pseudoHeader4((int) from.low(), (int) to.low(), protocol, length)
        : InternetChecksum.pseudoHeader6(
            from.high(), from.low(), to.high(), to.low(), protocol, length);
  }
}
