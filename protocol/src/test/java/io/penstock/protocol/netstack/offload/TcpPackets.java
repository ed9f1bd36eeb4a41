package io.penstock.protocol.netstack.offload;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;

/// One TCP flow of a test, whose segments it builds with everything right, one after the other.
final class TcpPackets {

  /// Counts what is in use instead of recording every access, which takes seconds per large packet.
  static final UnpooledByteBufAllocator ALLOCATOR = new UnpooledByteBufAllocator(true, true);

  static final int ACK = TcpHeader.ACK;
  static final int ACK_PSH = TcpHeader.ACK | TcpHeader.PSH;

  boolean ipv4 = true;
  int sourcePort = 40_000;
  int sequence = 1000;
  int acknowledgment = 77;
  int window = 512;
  int identification = 0xfff0;
  int flagsAndOffset = Ipv4Header.DONT_FRAGMENT;
  int hopLimit = 64;
  byte[] options = new byte[0];

  static TcpPackets ofIpv4() {
    return new TcpPackets();
  }

  static TcpPackets ofIpv6() {
    TcpPackets packets = new TcpPackets();
    packets.ipv4 = false;
    return packets;
  }

  /// The next segment; it leaves sequence number and identification where the one after begins.
  ByteBuf next(int flags, byte... data) {
    ByteBuf packet = build(flags, data);
    sequence += data.length;
    identification = (identification + 1) & 0xffff;
    return packet;
  }

  ByteBuf build(int flags, byte... data) {
    int transport = TcpHeader.MIN_BYTES + options.length + data.length;
    ByteBuf out = ALLOCATOR.directBuffer(60 + transport);
    writeNetwork(out, transport, IpProtocol.TCP);
    int at = out.writerIndex();
    TcpHeader.write(out, sourcePort, 80, sequence, acknowledgment, flags, window, options.length);
    out.writeBytes(options).writeBytes(data);
    long pseudoHeader = Lengths.pseudoHeader(out, 0, IpProtocol.TCP, transport);
    TcpHeader.writeChecksum(out, at, transport, pseudoHeader);
    return out;
  }

  ByteBuf udp(byte... data) {
    int transport = UdpHeader.BYTES + data.length;
    ByteBuf out = ALLOCATOR.directBuffer(60 + transport);
    writeNetwork(out, transport, IpProtocol.UDP);
    int at = out.writerIndex();
    UdpHeader.write(out, sourcePort, 53, transport);
    out.writeBytes(data);
    long pseudoHeader = Lengths.pseudoHeader(out, 0, IpProtocol.UDP, transport);
    UdpHeader.writeChecksum(out, at, transport, pseudoHeader);
    return out;
  }

  private void writeNetwork(ByteBuf out, int transport, int protocol) {
    if (ipv4) {
      Ipv4Header.write(
          out,
          0x2,
          Ipv4Header.MIN_BYTES + transport,
          identification,
          flagsAndOffset,
          hopLimit,
          protocol,
          0x0a40_0002,
          0x0a41_0002);
    } else {
      Ipv6Header.write(out, 0, 0x12345, transport, protocol, hopLimit, 0xfdL << 56, 1, -2, 2);
    }
  }

  /// Takes the sum of the data out of the checksum, as a kernel leaves it to the device.
  static PacketMeta makePartial(ByteBuf packet, Segmentation kind, int segmentBytes) {
    IpPacket view = view(packet);
    int offset = view.protocol() == IpProtocol.TCP ? 16 : 6;
    long sum = Lengths.pseudoHeader(packet, view.at(), view.protocol(), view.transportBytes());
    packet.setShort(view.transportAt() + offset, PacketMeta.partialChecksum(sum));
    PacketMeta meta = new PacketMeta();
    int start = view.transportAt() - view.at();
    if (kind == Segmentation.NONE) {
      meta.setPartial(start, offset);
    } else {
      meta.setSuperPacket(kind, segmentBytes, start, offset);
    }
    return meta;
  }

  static IpPacket view(ByteBuf packet) {
    IpPacket view = new IpPacket();
    PacketFault fault = view.parse(packet);
    if (fault != PacketFault.NONE) {
      throw new AssertionError("a broken packet: " + fault);
    }
    return view;
  }

  static boolean checksumIsRight(ByteBuf packet) {
    IpPacket view = view(packet);
    int bytes = view.transportBytes();
    long sum = Lengths.pseudoHeader(packet, view.at(), view.protocol(), bytes);
    return InternetChecksum.finish(InternetChecksum.add(sum, packet, view.transportAt(), bytes))
        == 0;
  }

  /// The data behind the TCP header.
  static byte[] data(ByteBuf packet) {
    IpPacket view = view(packet);
    int header = TcpHeader.headerBytes(packet, view.transportAt());
    byte[] data = new byte[view.transportBytes() - header];
    packet.getBytes(view.transportAt() + header, data);
    return data;
  }

  static int flags(ByteBuf packet) {
    return view(packet).tcpFlags(packet);
  }
}
