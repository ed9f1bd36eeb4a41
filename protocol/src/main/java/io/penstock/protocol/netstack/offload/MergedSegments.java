package io.penstock.protocol.netstack.offload;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One place in a batch of a [TcpCoalescer]: a packet, and the segments that have been appended to
/// it. Made once, used for batch after batch.
final class MergedSegments {

  /// What may differ between segments that are merged; see [#append].
  private static final int LAST_FLAGS = TcpHeader.FIN | TcpHeader.PSH;

  private static final int MERGEABLE_FLAGS = TcpHeader.ACK | TcpHeader.ECE | LAST_FLAGS;

  private static final int TCP_CHECKSUM_OFFSET = 16;

  /// Room for the first eleven segments of an Ethernet; a longer one grows to twice this and so on.
  private static final int FIRST_BYTES = 16 * 1024;

  private final ByteBufAllocator allocator;
  private final int headroomBytes;
  private final PacketMeta meta = new PacketMeta();
  private @Nullable ByteBuf packet;
  private int hash;
  private int segments;
  private int segmentBytes;
  private int networkBytes;
  private int headerBytes;
  private int nextSequence;
  private int flags;
  private boolean open;

  MergedSegments(ByteBufAllocator allocator, int headroomBytes) {
    this.allocator = allocator;
    this.headroomBytes = headroomBytes;
  }

  /// Says whether a TCP packet may be merged with others: plain data with a right checksum.
  static boolean isMergeable(IpPacket view, ByteBuf packet, PacketMeta meta) {
    int transport = view.transportAt();
    int network = transport - view.at();
    return network == (view.isIpv4() ? Ipv4Header.MIN_BYTES : Ipv6Header.BYTES)
        && (TcpHeader.flags(packet, transport) & ~MERGEABLE_FLAGS) == 0
        && (TcpHeader.flags(packet, transport) & TcpHeader.ACK) != 0
        && view.transportBytes() > TcpHeader.headerBytes(packet, transport)
        && checksumIsRight(view, packet, meta);
  }

  private static boolean checksumIsRight(IpPacket view, ByteBuf packet, PacketMeta meta) {
    if (meta.checksum() != ChecksumState.UNVERIFIED) {
      return true;
    }
    int bytes = view.transportBytes();
    long sum = Lengths.pseudoHeader(packet, view.at(), IpProtocol.TCP, bytes);
    return InternetChecksum.finish(InternetChecksum.add(sum, packet, view.transportAt(), bytes))
        == 0;
  }

  /// Takes the first packet. `view` is of it when `flowHash` is not 0.
  void begin(ByteBuf first, PacketMeta about, int flowHash, IpPacket view, boolean mergeable) {
    packet = first;
    meta.set(about);
    hash = flowHash;
    segments = 1;
    open = mergeable;
    if (flowHash == 0) {
      return;
    }
    int transport = view.transportAt();
    networkBytes = transport - view.at();
    headerBytes = networkBytes + TcpHeader.headerBytes(first, transport);
    segmentBytes = view.length() - headerBytes;
    nextSequence = TcpHeader.sequenceNumber(first, transport) + segmentBytes;
    flags = TcpHeader.flags(first, transport);
    if (mergeable) {
      open = (flags & LAST_FLAGS) == 0;
      if (about.checksum() == ChecksumState.UNVERIFIED) {
        meta.setVerified();
      }
    }
  }

  /// Appends the data of a mergeable segment of the same flow, and releases its buffer; false, and
  /// nothing has happened, when it does not fit to what is here.
  boolean append(IpPacket view, ByteBuf next) {
    ByteBuf first = held();
    int from = view.transportAt();
    int data = view.length() - headerBytes;
    boolean fits =
        open
            && from - view.at() == networkBytes
            && TcpHeader.headerBytes(next, from) == headerBytes - networkBytes
            && TcpHeader.sequenceNumber(next, from) == nextSequence
            && data <= segmentBytes
            && totalBytes() + data <= Ipv4Header.MAX_PACKET_BYTES
            && sameNetworkHeader(view, first, next)
            && sameTransportHeader(first, next, from);
    if (!fits) {
      return false;
    }
    if (segments == 1) {
      first = moveToOwnBuffer(first);
    }
    first.writeBytes(next, view.at() + headerBytes, data);
    segments++;
    nextSequence += data;
    flags = TcpHeader.flags(next, from);
    open = data == segmentBytes && (flags & LAST_FLAGS) == 0;
    next.release();
    return true;
  }

  private int totalBytes() {
    return held().readableBytes();
  }

  private ByteBuf moveToOwnBuffer(ByteBuf first) {
    int bytes = first.readableBytes();
    int max = headroomBytes + Ipv4Header.MAX_PACKET_BYTES;
    ByteBuf own = allocator.directBuffer(Math.min(max, headroomBytes + FIRST_BYTES), max);
    own.setIndex(headroomBytes, headroomBytes);
    own.writeBytes(first, first.readerIndex(), bytes);
    first.release();
    packet = own;
    return own;
  }

  private boolean sameNetworkHeader(IpPacket view, ByteBuf first, ByteBuf next) {
    int a = first.readerIndex();
    int b = view.at();
    if (!view.isIpv4()) {
      // version, traffic class and flow label; hop limit
      return first.getInt(a) == next.getInt(b) && first.getByte(a + 7) == next.getByte(b + 7);
    }
    // RFC 6864: the identification of a packet that must not be fragmented means nothing.
    boolean sameId =
        Ipv4Header.dontFragment(next, b)
            || (short) (Ipv4Header.identification(first, a) + segments) == next.getShort(b + 4);
    return sameId
        && first.getShort(a) == next.getShort(b)
        && first.getShort(a + 6) == next.getShort(b + 6)
        && first.getByte(a + 8) == next.getByte(b + 8);
  }

  private boolean sameTransportHeader(ByteBuf first, ByteBuf next, int from) {
    int at = first.readerIndex() + networkBytes;
    // data offset, reserved bits, flags and window are one word, what may differ is masked
    int word = (first.getInt(at + 12) ^ next.getInt(from + 12)) & ~(LAST_FLAGS << 16);
    if (word != 0 || first.getInt(at + 8) != next.getInt(from + 8)) {
      return false;
    }
    for (int i = TcpHeader.MIN_BYTES; i < headerBytes - networkBytes; i += Integer.BYTES) {
      if (first.getInt(at + i) != next.getInt(from + i)) {
        return false;
      }
    }
    return true;
  }

  /// What [TcpCoalescer] found this packet's flow to hash to; 0 when it is no TCP.
  int hash() {
    return hash;
  }

  /// Says whether a TCP packet is of the flow of the one here, in the same direction.
  boolean isOfFlow(IpPacket view, ByteBuf next) {
    ByteBuf first = held();
    int a = first.readerIndex();
    int b = view.at();
    if ((first.getByte(a) ^ next.getByte(b)) >>> 4 != 0
        || first.getInt(a + networkBytes) != next.getInt(view.transportAt())) {
      return false;
    }
    if (view.isIpv4()) {
      return first.getLong(a + 12) == next.getLong(b + 12);
    }
    return first.getLong(a + 8) == next.getLong(b + 8)
        && first.getLong(a + 16) == next.getLong(b + 16)
        && first.getLong(a + 24) == next.getLong(b + 24)
        && first.getLong(a + 32) == next.getLong(b + 32);
  }

  /// Lets nothing be appended any more.
  void end() {
    open = false;
  }

  /// Gives the packet away, with right headers, and sets `about`.
  ByteBuf take(PacketMeta about) {
    ByteBuf whole = held();
    packet = null;
    if (segments > 1) {
      finish(whole);
    }
    about.set(meta);
    return whole;
  }

  private void finish(ByteBuf whole) {
    int at = whole.readerIndex();
    int bytes = whole.readableBytes();
    if (Ipv4Header.version(whole, at) == 4) {
      Lengths.set4(whole, at, bytes, Ipv4Header.identification(whole, at));
    } else {
      Lengths.set6(whole, at, bytes);
    }
    int transport = at + networkBytes;
    long sum = Lengths.pseudoHeader(whole, at, IpProtocol.TCP, bytes - networkBytes);
    whole.setByte(transport + 13, flags);
    whole.setShort(transport + TCP_CHECKSUM_OFFSET, PacketMeta.partialChecksum(sum));
    meta.setSuperPacket(Segmentation.TCP, segmentBytes, networkBytes, TCP_CHECKSUM_OFFSET);
  }

  void drop() {
    held().release();
    packet = null;
  }

  private ByteBuf held() {
    return Objects.requireNonNull(packet, "nothing is here");
  }
}
