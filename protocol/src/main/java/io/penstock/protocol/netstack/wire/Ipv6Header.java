package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// The fixed header of IPv6 (RFC 8200), read and written in place.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-------+-----------+---+---------------------------------------+
/// |   6   |   DSCP    |ECN|              flow label               |  0
/// +-------+-----------+---+-------+---------------+---------------+
/// |        payload length         |  next header  |   hop limit   |  4
/// +-------------------------------+---------------+---------------+
/// |                      source, 16 bytes                         |  8
/// +---------------------------------------------------------------+
/// |                    destination, 16 bytes                      | 24
/// +---------------------------------------------------------------+
/// ```
///
/// What follows is found by [Ipv6Extensions]. A jumbo payload (RFC 2675) is a packet of the wrong
/// length to us: no datagram could carry it.
public final class Ipv6Header {

  /// The length of the fixed header.
  public static final int BYTES = 40;

  /// The smallest MTU of a link that carries IPv6 (RFC 8200 section 5).
  public static final int MIN_MTU_BYTES = 1280;

  /// Where the byte lies that says what follows the fixed header.
  static final int NEXT_HEADER_AT = 6;

  private static final int ECN_SHIFT = 20;

  private Ipv6Header() {}

  /// Checks the fixed header of the packet that fills the readable bytes of `packet`.
  public static PacketFault check(ByteBuf packet) {
    return check(packet, packet.readerIndex(), packet.readableBytes());
  }

  /// Checks the fixed header of a packet of exactly `length` bytes at `at`.
  public static PacketFault check(ByteBuf buf, int at, int length) {
    PacketFault fault = checkLengths(buf, at, length);
    if (fault != PacketFault.NONE) {
      return fault;
    }
    int total = BYTES + payloadLength(buf, at);
    if (total != length) {
      return total > length ? PacketFault.TRUNCATED : PacketFault.TRAILING_BYTES;
    }
    return PacketFault.NONE;
  }

  /// Checks only what must hold to read the header of a packet that may have been cut.
  static PacketFault checkLengths(ByteBuf buf, int at, int length) {
    if (length < BYTES) {
      return PacketFault.TRUNCATED;
    }
    return version(buf, at) == 6 ? PacketFault.NONE : PacketFault.BAD_VERSION;
  }

  public static int version(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at) >>> 4;
  }

  /// The byte of DSCP and ECN.
  public static int trafficClass(ByteBuf buf, int at) {
    return (buf.getUnsignedShort(at) >>> 4) & 0xff;
  }

  public static int flowLabel(ByteBuf buf, int at) {
    return buf.getInt(at) & 0xf_ffff;
  }

  /// The length of all that follows the fixed header.
  public static int payloadLength(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 4);
  }

  public static int nextHeader(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + NEXT_HEADER_AT);
  }

  public static int hopLimit(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 7);
  }

  public static long sourceHigh(ByteBuf buf, int at) {
    return buf.getLong(at + 8);
  }

  public static long sourceLow(ByteBuf buf, int at) {
    return buf.getLong(at + 16);
  }

  public static long destinationHigh(ByteBuf buf, int at) {
    return buf.getLong(at + 24);
  }

  public static long destinationLow(ByteBuf buf, int at) {
    return buf.getLong(at + 32);
  }

  /// Takes one from the hop limit, which must not be 0.
  public static void decrementHopLimit(ByteBuf buf, int at) {
    buf.setByte(at + 7, buf.getByte(at + 7) - 1);
  }

  /// Marks "congestion experienced"; false when the ends of this packet do not know ECN, and
  /// nothing has changed.
  public static boolean markCongestion(ByteBuf buf, int at) {
    int word = buf.getInt(at);
    int mark = Ipv4Header.CONGESTION_EXPERIENCED << ECN_SHIFT;
    if ((word & mark) == 0) {
      return false;
    }
    buf.setInt(at, word | mark);
    return true;
  }

  /// Makes another packet of a header that stands there.
  public static void rewrite(ByteBuf buf, int at, int payloadLength, int nextHeader) {
    buf.setShort(at + 4, payloadLength);
    buf.setByte(at + NEXT_HEADER_AT, nextHeader);
  }

  /// Appends a fixed header.
  public static void write(
      ByteBuf out,
      int trafficClass,
      int flowLabel,
      int payloadLength,
      int nextHeader,
      int hopLimit,
      long sourceHigh,
      long sourceLow,
      long destinationHigh,
      long destinationLow) {
    out.writeInt(6 << 28 | trafficClass << ECN_SHIFT | flowLabel);
    out.writeShort(payloadLength);
    out.writeByte(nextHeader);
    out.writeByte(hopLimit);
    out.writeLong(sourceHigh);
    out.writeLong(sourceLow);
    out.writeLong(destinationHigh);
    out.writeLong(destinationLow);
  }
}
