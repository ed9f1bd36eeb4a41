package io.penstock.protocol.netstack.offload;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;
import org.jspecify.annotations.Nullable;

/// Makes packets that any link takes of one that leaves work to the device: completes its checksum,
/// or splits a super packet.
///
/// [#start] takes a packet, then [#next] gives one packet after the other until it has no more; the
/// same object then takes the next. Each packet of a split one is a copy in a buffer of its own
/// that has `headroomBytes` in front: the headers with length, IPv4 identification (one more each
/// time), sequence number, flags and checksums of their own. FIN and PSH stay with the last
/// segment, CWR with the first (RFC 3168 section 6.1.2: the sender sets it once).
///
/// Holds at most one packet. Belongs to one thread.
public final class Segmenter implements AutoCloseable {

  private static final int LAST_FLAGS = TcpHeader.FIN | TcpHeader.PSH;

  private final ByteBufAllocator allocator;
  private final int headroomBytes;
  private final IpPacket view = new IpPacket();
  private final PacketMeta meta = new PacketMeta();
  private @Nullable ByteBuf packet;
  private int segmentBytes;
  private int headerBytes;
  private int doneBytes;
  private int count;

  public Segmenter(ByteBufAllocator allocator, int headroomBytes) {
    this.allocator = allocator;
    this.headroomBytes = headroomBytes;
  }

  /// Takes a packet that fills the readable bytes of `packet`, and the buffer with it.
  ///
  /// @return what is wrong with a packet that cannot be split, which is released then; headers of
  ///   packets that need no splitting are not looked at
  public PacketFault start(ByteBuf packet, PacketMeta about) {
    if (this.packet != null) {
      throw new IllegalStateException("the packet before is not done");
    }
    meta.set(about);
    PacketFault fault = prepare(packet);
    if (fault == PacketFault.NONE) {
      this.packet = packet;
    } else {
      packet.release();
    }
    return fault;
  }

  private PacketFault prepare(ByteBuf packet) {
    if (!meta.fits(packet.readableBytes())) {
      return PacketFault.BAD_TRANSPORT;
    }
    segmentBytes = 0;
    if (!meta.isSuperPacket()) {
      if (meta.checksum() == ChecksumState.PARTIAL) {
        meta.completeChecksum(packet);
      }
      return PacketFault.NONE;
    }
    PacketFault fault = view.parse(packet);
    if (fault != PacketFault.NONE) {
      return fault;
    }
    boolean tcp = meta.segmentation() == Segmentation.TCP;
    if (view.isFragment() || view.protocol() != (tcp ? IpProtocol.TCP : IpProtocol.UDP)) {
      return PacketFault.BAD_TRANSPORT;
    }
    int transport = view.transportAt();
    headerBytes =
        transport - view.at() + (tcp ? TcpHeader.headerBytes(packet, transport) : UdpHeader.BYTES);
    segmentBytes = meta.segmentBytes();
    doneBytes = 0;
    count = 0;
    return PacketFault.NONE;
  }

  /// The next packet, complete; null when there is none. The caller owns it.
  public @Nullable ByteBuf next() {
    ByteBuf whole = packet;
    if (whole == null || segmentBytes == 0) {
      packet = null;
      return whole;
    }
    int data = Math.min(segmentBytes, view.length() - headerBytes - doneBytes);
    ByteBuf out = allocator.directBuffer(headroomBytes + headerBytes + data);
    out.setIndex(headroomBytes, headroomBytes);
    out.writeBytes(whole, view.at(), headerBytes);
    out.writeBytes(whole, view.at() + headerBytes + doneBytes, data);
    boolean last = headerBytes + doneBytes + data == view.length();
    fixNetwork(out, headerBytes + data);
    fixTransport(out, headerBytes + data, last);
    doneBytes += data;
    count++;
    if (last) {
      close();
    }
    return out;
  }

  private void fixNetwork(ByteBuf out, int length) {
    if (view.isIpv4()) {
      Lengths.set4(
          out, headroomBytes, length, Ipv4Header.identification(out, headroomBytes) + count);
    } else {
      Lengths.set6(out, headroomBytes, length);
    }
  }

  private void fixTransport(ByteBuf out, int length, boolean last) {
    int before = view.transportAt() - view.at();
    int at = headroomBytes + before;
    int bytes = length - before;
    long pseudoHeader = Lengths.pseudoHeader(out, headroomBytes, view.protocol(), bytes);
    if (meta.segmentation() == Segmentation.UDP) {
      out.setShort(at + 4, bytes);
      UdpHeader.writeChecksum(out, at, bytes, pseudoHeader);
      return;
    }
    int flags = TcpHeader.flags(out, at);
    flags = last ? flags : flags & ~LAST_FLAGS;
    flags = count == 0 ? flags : flags & ~TcpHeader.CWR;
    out.setByte(at + 13, flags);
    out.setInt(at + 4, TcpHeader.sequenceNumber(out, at) + doneBytes);
    TcpHeader.writeChecksum(out, at, bytes, pseudoHeader);
  }

  /// Drops what is left of the packet. The object can be used again.
  @Override
  public void close() {
    if (packet != null) {
      packet.release();
      packet = null;
    }
  }
}
