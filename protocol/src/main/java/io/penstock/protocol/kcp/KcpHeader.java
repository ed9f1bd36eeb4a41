package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;

/// The 24 bytes in front of every KCP segment, read and written in place.
///
/// All numbers are little-endian.
///
/// ```
///  0               4   5   6       8 (bytes)
/// +---------------+---+---+-------+
/// |     conv      |cmd|frg|  wnd  |
/// +---------------+---+---+-------+  8
/// |      ts       |      sn       |
/// +---------------+---------------+ 16
/// |      una      |      len      |
/// +---------------+---------------+ 24
/// |       len bytes of data       |
/// ```
///
/// One datagram carries one or more segments. Numbers that count segments (`sn`, `una`) and
/// milliseconds (`ts`) wrap at 2³² and are compared by the sign of their difference.
public final class KcpHeader {

  /// The length of the header.
  public static final int BYTES = 24;

  /// A segment with data.
  public static final int PUSH = 81;

  /// The acknowledgement of one segment; `ts` is that segment's own, echoed.
  public static final int ACK = 82;

  /// The question how large the receive window is.
  public static final int WASK = 83;

  /// The answer to it, carried by `wnd`.
  public static final int WINS = 84;

  private KcpHeader() {}

  /// The number of the conversation, equal in both directions.
  public static int conv(ByteBuf buf, int at) {
    return buf.getIntLE(at);
  }

  /// The command: [#PUSH], [#ACK], [#WASK], [#WINS], or something unknown.
  public static int cmd(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 4);
  }

  /// How many fragments of a message follow; 0 where writes are split before KCP sees them.
  public static int frg(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 5);
  }

  /// How many segments the sender of this header can still take.
  public static int wnd(ByteBuf buf, int at) {
    return buf.getUnsignedShortLE(at + 6);
  }

  /// When the segment was sent, in milliseconds of a clock that only its sender knows.
  public static int ts(ByteBuf buf, int at) {
    return buf.getIntLE(at + 8);
  }

  /// The number of the segment.
  public static int sn(ByteBuf buf, int at) {
    return buf.getIntLE(at + 12);
  }

  /// The first number that the sender of this header has not received.
  public static int una(ByteBuf buf, int at) {
    return buf.getIntLE(at + 16);
  }

  /// The length of the data, as an unsigned number.
  public static long len(ByteBuf buf, int at) {
    return buf.getUnsignedIntLE(at + 20);
  }

  /// Says whether a datagram can be the first of a conversation: it opens with segment 0.
  ///
  /// A sender resends in order, so segment 0 leads every datagram until it is acknowledged.
  public static boolean opensConversation(ByteBuf datagram) {
    int at = datagram.readerIndex();
    return datagram.readableBytes() >= BYTES && cmd(datagram, at) == PUSH && sn(datagram, at) == 0;
  }

  static boolean isKnown(int cmd) {
    return cmd >= PUSH && cmd <= WINS;
  }

  /// Appends a header; `frg` is always 0, because we write a stream.
  static void write(ByteBuf out, int conv, int cmd, int wnd, int ts, int sn, int una, int len) {
    out.writeIntLE(conv);
    out.writeByte(cmd);
    out.writeByte(0);
    out.writeShortLE(wnd);
    out.writeIntLE(ts);
    out.writeIntLE(sn);
    out.writeIntLE(una);
    out.writeIntLE(len);
  }
}
