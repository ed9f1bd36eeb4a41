package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/// Builds packets for tests, right ones unless a test breaks them.
final class TestPackets {

  static final int FROM = 0x0a40_0002;
  static final int TO = 0x0a41_0002;
  static final long NET_6 = 0xfd00_0064_0000_0000L;

  private TestPackets() {}

  static ByteBuf ipv4(int protocol, int flagsAndOffset, ByteBuf payload) {
    ByteBuf out = Unpooled.buffer();
    Ipv4Header.write(
        out, 0, 20 + payload.readableBytes(), 77, flagsAndOffset, 64, protocol, FROM, TO);
    return out.writeBytes(payload);
  }

  /// An IPv4 packet whose header goes on with these bytes, a multiple of four.
  static ByteBuf ipv4WithOptions(byte... options) {
    ByteBuf payload = udp(1111, 53, 4);
    ByteBuf out = Unpooled.buffer();
    int total = 20 + options.length + payload.readableBytes();
    Ipv4Header.write(out, 0, total, 77, 0, 64, IpProtocol.UDP, FROM, TO);
    out.setByte(0, 0x40 | (20 + options.length) / 4);
    out.writeBytes(options);
    fixChecksum(out);
    return out.writeBytes(payload);
  }

  static void fixChecksum(ByteBuf packet) {
    packet.setShort(10, 0);
    packet.setShort(10, InternetChecksum.of(packet, 0, Ipv4Header.headerBytes(packet, 0)));
  }

  static ByteBuf ipv6(int nextHeader, ByteBuf payload) {
    ByteBuf out = Unpooled.buffer();
    Ipv6Header.write(out, 0, 0, payload.readableBytes(), nextHeader, 64, NET_6, 2, NET_6 | 1, 2);
    return out.writeBytes(payload);
  }

  static ByteBuf udp(int sourcePort, int destinationPort, int dataBytes) {
    ByteBuf out = Unpooled.buffer();
    UdpHeader.write(out, sourcePort, destinationPort, 8 + dataBytes);
    return out.writeZero(dataBytes);
  }

  static ByteBuf tcp(int flags, byte... options) {
    ByteBuf out = Unpooled.buffer();
    TcpHeader.write(out, 1111, 80, 1000, 0, flags, 512, options.length);
    return out.writeBytes(options);
  }

  /// An extension header of eight bytes in front of `rest`, whose kind is `next`.
  static ByteBuf extension(int next, ByteBuf rest) {
    return Unpooled.buffer().writeByte(next).writeByte(0).writeZero(6).writeBytes(rest);
  }

  static ByteBuf fragment(int next, int offsetBytes, boolean more, ByteBuf rest) {
    return Unpooled.buffer()
        .writeByte(next)
        .writeByte(0)
        .writeShort(offsetBytes | (more ? 1 : 0))
        .writeInt(0xabcd)
        .writeBytes(rest);
  }
}
