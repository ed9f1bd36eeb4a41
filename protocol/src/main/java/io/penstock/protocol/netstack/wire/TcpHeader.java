package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// The header of TCP (RFC 9293), read and written in place.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-------------------------------+-------------------------------+
/// |          source port          |       destination port        |  0
/// +-------------------------------+-------------------------------+
/// |                        sequence number                        |  4
/// +---------------------------------------------------------------+
/// |                     acknowledgment number                     |  8
/// +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
/// |offset | rsrvd |C|E|U|A|P|R|S|F|            window             | 12
/// +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
/// |           checksum            |        urgent pointer         | 16
/// +-------------------------------+-------------------------------+
/// |                    options, 0 to 40 bytes                     | 20
/// ```
public final class TcpHeader {

  /// The length without options.
  public static final int MIN_BYTES = 20;

  public static final int FIN = 0x01;
  public static final int SYN = 0x02;
  public static final int RST = 0x04;
  public static final int PSH = 0x08;
  public static final int ACK = 0x10;
  public static final int URG = 0x20;
  public static final int ECE = 0x40;
  public static final int CWR = 0x80;

  /// The option that states the largest segment that its sender takes.
  public static final int OPTION_MSS = 2;

  private static final int OPTION_END = 0;
  private static final int OPTION_NOP = 1;
  private static final int MSS_OPTION_BYTES = 4;
  private static final int CHECKSUM_AT = 16;

  private TcpHeader() {}

  /// Checks that a header lies in the `length` bytes at `at`, options included.
  public static PacketFault check(ByteBuf buf, int at, int length) {
    if (length < MIN_BYTES) {
      return PacketFault.BAD_TRANSPORT;
    }
    int header = headerBytes(buf, at);
    return header < MIN_BYTES || header > length ? PacketFault.BAD_TRANSPORT : PacketFault.NONE;
  }

  public static int sourcePort(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at);
  }

  public static int destinationPort(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 2);
  }

  /// The number of the first byte; it wraps, compare by the sign of a difference.
  public static int sequenceNumber(ByteBuf buf, int at) {
    return buf.getInt(at + 4);
  }

  /// The number of the next byte expected, when [#ACK] is set.
  public static int acknowledgmentNumber(ByteBuf buf, int at) {
    return buf.getInt(at + 8);
  }

  /// The length of the header with its options.
  public static int headerBytes(ByteBuf buf, int at) {
    return (buf.getUnsignedByte(at + 12) >>> 4) << 2;
  }

  /// The eight flags, [#FIN] to [#CWR].
  public static int flags(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 13);
  }

  /// The window as it stands there, not scaled.
  public static int window(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 14);
  }

  public static int checksum(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + CHECKSUM_AT);
  }

  public static int urgentPointer(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 18);
  }

  /// Where the first option of a kind begins, -1 when there is none before the list ends or breaks.
  public static int findOption(ByteBuf buf, int at, int kind) {
    int end = at + headerBytes(buf, at);
    int option = at + MIN_BYTES;
    while (option < end) {
      int found = buf.getUnsignedByte(option);
      if (found == OPTION_END) {
        return -1;
      }
      if (found == OPTION_NOP) {
        option++;
        continue;
      }
      int length = option + 1 < end ? buf.getUnsignedByte(option + 1) : 0;
      if (length < 2 || option + length > end) {
        return -1;
      }
      if (found == kind) {
        return option;
      }
      option += length;
    }
    return -1;
  }

  /// The MSS option's value, -1 without one.
  public static int maxSegmentSize(ByteBuf buf, int at) {
    int option = findOption(buf, at, OPTION_MSS);
    return option >= 0 && buf.getUnsignedByte(option + 1) == MSS_OPTION_BYTES
        ? buf.getUnsignedShort(option + 2)
        : -1;
  }

  /// Lowers the MSS option to `limit` and keeps the checksum right; does nothing, and says so, when
  /// there is no such option or it is low enough. It never adds one: without it a peer sends 536.
  public static boolean clampMaxSegmentSize(ByteBuf buf, int at, int limit) {
    int stated = maxSegmentSize(buf, at);
    if (stated <= limit) {
      return false;
    }
    int value = findOption(buf, at, OPTION_MSS) + 2;
    buf.setShort(value, limit);
    // A sum of 16-bit words read at an odd place is the sum with the bytes of each word swapped.
    boolean odd = ((value - at) & 1) != 0;
    int updated =
        odd
            ? InternetChecksum.update(checksum(buf, at), swap(stated), swap(limit))
            : InternetChecksum.update(checksum(buf, at), stated, limit);
    buf.setShort(at + CHECKSUM_AT, updated);
    return true;
  }

  private static int swap(int word) {
    return Short.reverseBytes((short) word) & 0xffff;
  }

  /// Appends a header with room for `optionBytes` (a multiple of 4) that the caller writes next;
  /// the checksum stays 0 until [#writeChecksum].
  public static void write(
      ByteBuf out,
      int sourcePort,
      int destinationPort,
      int sequenceNumber,
      int acknowledgmentNumber,
      int flags,
      int window,
      int optionBytes) {
    out.writeShort(sourcePort);
    out.writeShort(destinationPort);
    out.writeInt(sequenceNumber);
    out.writeInt(acknowledgmentNumber);
    out.writeByte((MIN_BYTES + optionBytes) << 2);
    out.writeByte(flags);
    out.writeShort(window);
    out.writeInt(0);
  }

  /// Sets the checksum of a segment of `length` bytes; `pseudoHeader` is one of
  /// [InternetChecksum]'s.
  public static void writeChecksum(ByteBuf buf, int at, int length, long pseudoHeader) {
    buf.setShort(at + CHECKSUM_AT, 0);
    long sum = InternetChecksum.add(pseudoHeader, buf, at, length);
    buf.setShort(at + CHECKSUM_AT, InternetChecksum.finish(sum));
  }
}
