package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;

/// The header that stands before each frame, as one 64-bit little-endian number.
///
/// ```
///  0               1               2               3
///  0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
/// +---------------+---------------+-------------------------------+
/// |    version    |    command    |   length of the payload, LE   |
/// +---------------+---------------+-------------------------------+
/// |                       stream id, LE                           |
/// +---------------------------------------------------------------+
/// |  payload; of UPD: bytes consumed so far, LE, and window, LE   |
/// +---------------------------------------------------------------+
/// ```
final class SmuxFrame {

  static final int HEADER_BYTES = 8;

  static final int MAX_PAYLOAD_BYTES = 65_535;

  static final int UPDATE_PAYLOAD_BYTES = 8;

  /// Opens a stream.
  static final int SYN = 0;

  /// Ends what the sender writes on a stream; there is no reset, so it also says goodbye.
  static final int FIN = 1;

  /// Carries bytes of a stream.
  static final int PSH = 2;

  /// Keeps the connection alive; nothing answers it.
  static final int NOP = 3;

  /// Version 2 only: tells how much of a stream was consumed and how much more may be sent.
  static final int UPD = 4;

  private SmuxFrame() {}

  static int version(long header) {
    return (int) header & 0xff;
  }

  static int command(long header) {
    return (int) (header >>> 8) & 0xff;
  }

  static int length(long header) {
    return (int) (header >>> 16) & 0xffff;
  }

  static int streamId(long header) {
    return (int) (header >>> 32);
  }

  static void writeHeader(ByteBuf out, int version, int command, int length, int streamId) {
    out.writeLongLE(
        ((long) streamId << 32) | ((long) length << 16) | ((long) command << 8) | (version & 0xff));
  }
}
