package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// The header of IPv4 (RFC 791), read and written in place.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-------+-------+-----------+---+-------------------------------+
/// |   4   |  IHL  |   DSCP    |ECN|         total length          |  0
/// +-------+-------+-----------+---+-+-+-+-------------------------+
/// |        identification         |0|D|M|   fragment offset / 8   |  4
/// +---------------+---------------+-+-+-+-------------------------+
/// |      TTL      |   protocol    |        header checksum        |  8
/// +---------------+---------------+-------------------------------+
/// |                            source                             | 12
/// +---------------------------------------------------------------+
/// |                          destination                          | 16
/// +---------------------------------------------------------------+
/// |                    options, 0 to 40 bytes                     | 20
/// ```
public final class Ipv4Header {

  /// The length without options.
  public static final int MIN_BYTES = 20;

  /// What the total length can state at most.
  public static final int MAX_PACKET_BYTES = 65_535;

  /// The smallest MTU of a link that carries IPv4 (RFC 791 section 3.2).
  public static final int MIN_MTU_BYTES = 68;

  /// The bit of [#flagsAndOffset] that forbids to fragment the packet.
  public static final int DONT_FRAGMENT = 0x4000;

  /// The bit of [#flagsAndOffset] that says more fragments follow.
  public static final int MORE_FRAGMENTS = 0x2000;

  /// The ECN bits of "congestion experienced" (RFC 3168); 0 is "does not know ECN".
  static final int CONGESTION_EXPERIENCED = 3;

  private static final int OFFSET_MASK = 0x1fff;
  private static final int CHECKSUM_AT = 10;
  private static final int OPTION_END = 0;
  private static final int OPTION_NOP = 1;
  private static final int OPTION_LOOSE_ROUTE = 131;
  private static final int OPTION_STRICT_ROUTE = 137;

  private Ipv4Header() {}

  /// Checks the header of the packet that fills the readable bytes of `packet`.
  public static PacketFault check(ByteBuf packet) {
    return check(packet, packet.readerIndex(), packet.readableBytes());
  }

  /// Checks the header of a packet of exactly `length` bytes at `at`.
  public static PacketFault check(ByteBuf buf, int at, int length) {
    PacketFault fault = checkLengths(buf, at, length);
    if (fault != PacketFault.NONE) {
      return fault;
    }
    int total = totalLength(buf, at);
    if (total != length) {
      return total > length ? PacketFault.TRUNCATED : PacketFault.TRAILING_BYTES;
    }
    int header = headerBytes(buf, at);
    if (InternetChecksum.of(buf, at, header) != 0) {
      return PacketFault.BAD_CHECKSUM;
    }
    if (header > MIN_BYTES) {
      fault = checkOptions(buf, at + MIN_BYTES, at + header);
      if (fault != PacketFault.NONE) {
        return fault;
      }
    }
    return checkFragment(buf, at, total - header);
  }

  /// Checks only what must hold to read the header of a packet that may have been cut, as those
  /// that ICMP errors quote.
  static PacketFault checkLengths(ByteBuf buf, int at, int length) {
    if (length < MIN_BYTES) {
      return PacketFault.TRUNCATED;
    }
    if (version(buf, at) != 4) {
      return PacketFault.BAD_VERSION;
    }
    int header = headerBytes(buf, at);
    if (header < MIN_BYTES || header > totalLength(buf, at)) {
      return PacketFault.BAD_HEADER_LENGTH;
    }
    return header > length ? PacketFault.TRUNCATED : PacketFault.NONE;
  }

  private static PacketFault checkOptions(ByteBuf buf, int from, int end) {
    int at = from;
    while (at < end) {
      int kind = buf.getUnsignedByte(at);
      if (kind == OPTION_END) {
        return PacketFault.NONE;
      }
      if (kind == OPTION_NOP) {
        at++;
        continue;
      }
      // RFC 7126 sections 4.3 and 4.4: source routes only serve to get around filters.
      if (kind == OPTION_LOOSE_ROUTE || kind == OPTION_STRICT_ROUTE) {
        return PacketFault.SOURCE_ROUTED;
      }
      int length = at + 1 < end ? buf.getUnsignedByte(at + 1) : 0;
      if (length < 2 || at + length > end) {
        return PacketFault.BAD_OPTIONS;
      }
      at += length;
    }
    return PacketFault.NONE;
  }

  private static PacketFault checkFragment(ByteBuf buf, int at, int payload) {
    if (!isFragment(buf, at)) {
      return PacketFault.NONE;
    }
    boolean more = moreFragments(buf, at);
    if (payload == 0
        || (more && (payload & 7) != 0)
        || fragmentOffsetBytes(buf, at) + payload + MIN_BYTES > MAX_PACKET_BYTES) {
      return PacketFault.BAD_FRAGMENT;
    }
    return PacketFault.NONE;
  }

  public static int version(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at) >>> 4;
  }

  /// The length of the header with its options.
  public static int headerBytes(ByteBuf buf, int at) {
    return (buf.getByte(at) & 0xf) << 2;
  }

  /// The byte of DSCP and ECN.
  public static int trafficClass(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 1);
  }

  /// The length of header and payload.
  public static int totalLength(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 2);
  }

  public static int identification(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 4);
  }

  /// The 16 bits of flags and fragment offset.
  public static int flagsAndOffset(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 6);
  }

  public static boolean dontFragment(ByteBuf buf, int at) {
    return (flagsAndOffset(buf, at) & DONT_FRAGMENT) != 0;
  }

  public static boolean moreFragments(ByteBuf buf, int at) {
    return (flagsAndOffset(buf, at) & MORE_FRAGMENTS) != 0;
  }

  public static int fragmentOffsetBytes(ByteBuf buf, int at) {
    return (flagsAndOffset(buf, at) & OFFSET_MASK) << 3;
  }

  /// Says whether this is a part of a packet, the first part included.
  public static boolean isFragment(ByteBuf buf, int at) {
    return (flagsAndOffset(buf, at) & (MORE_FRAGMENTS | OFFSET_MASK)) != 0;
  }

  public static int timeToLive(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 8);
  }

  public static int protocol(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 9);
  }

  public static int checksum(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + CHECKSUM_AT);
  }

  public static int source(ByteBuf buf, int at) {
    return buf.getInt(at + 12);
  }

  public static int destination(ByteBuf buf, int at) {
    return buf.getInt(at + 16);
  }

  /// Takes one from the time to live, which must not be 0, and keeps the checksum right.
  public static void decrementTimeToLive(ByteBuf buf, int at) {
    int word = buf.getUnsignedShort(at + 8);
    replaceWord(buf, at, 8, word, word - 0x100);
  }

  /// Marks "congestion experienced" and keeps the checksum right; false when the ends of this
  /// packet do not know ECN, and nothing has changed.
  public static boolean markCongestion(ByteBuf buf, int at) {
    int word = buf.getUnsignedShort(at);
    if ((word & CONGESTION_EXPERIENCED) == 0) {
      return false;
    }
    replaceWord(buf, at, 0, word, word | CONGESTION_EXPERIENCED);
    return true;
  }

  /// Makes another packet of a header that stands there, and its checksum right: a fragment of the
  /// packet that it began, or the whole of which it began a fragment.
  public static void rewrite(
      ByteBuf buf, int at, int totalLength, int identification, int flagsAndOffset) {
    buf.setShort(at + 2, totalLength);
    buf.setShort(at + 4, identification);
    buf.setShort(at + 6, flagsAndOffset);
    buf.setShort(at + CHECKSUM_AT, 0);
    buf.setShort(at + CHECKSUM_AT, InternetChecksum.of(buf, at, headerBytes(buf, at)));
  }

  private static void replaceWord(ByteBuf buf, int at, int offset, int oldWord, int newWord) {
    buf.setShort(at + offset, newWord);
    buf.setShort(at + CHECKSUM_AT, InternetChecksum.update(checksum(buf, at), oldWord, newWord));
  }

  /// Appends a header without options, checksum included.
  public static void write(
      ByteBuf out,
      int trafficClass,
      int totalLength,
      int identification,
      int flagsAndOffset,
      int timeToLive,
      int protocol,
      int source,
      int destination) {
    int at = out.writerIndex();
    out.writeShort(0x4500 | trafficClass);
    out.writeShort(totalLength);
    out.writeShort(identification);
    out.writeShort(flagsAndOffset);
    out.writeByte(timeToLive);
    out.writeByte(protocol);
    out.writeShort(0);
    out.writeInt(source);
    out.writeInt(destination);
    out.setShort(at + CHECKSUM_AT, InternetChecksum.of(out, at, MIN_BYTES));
  }
}
