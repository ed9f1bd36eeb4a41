package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;

/// The options of a SYN, laid out as everybody does: MSS, SACK permitted with timestamps, window
/// scale.
final class SynOptions {

  private static final int MSS_HEAD = 0x0204_0000;
  private static final int SACK_AND_TIMESTAMPS = 0x0402_080a;
  private static final int SACK_ALONE = 0x0101_0402;
  private static final int TIMESTAMPS_ALONE = 0x0101_080a;
  private static final int WINDOW_SCALE = 0x0103_0300;

  private SynOptions() {}

  /// @param shift -1 for no window scale
  static int length(boolean timestamps, boolean sack, int shift) {
    int length = 4;
    if (timestamps) {
      length += 12;
    } else if (sack) {
      length += 4;
    }
    return shift >= 0 ? length + 4 : length;
  }

  static void write(
      ByteBuf out, int mss, boolean timestamps, int tsVal, int tsEcr, boolean sack, int shift) {
    out.writeInt(MSS_HEAD | mss);
    if (timestamps) {
      out.writeInt(sack ? SACK_AND_TIMESTAMPS : TIMESTAMPS_ALONE);
      out.writeInt(tsVal);
      out.writeInt(tsEcr);
    } else if (sack) {
      out.writeInt(SACK_ALONE);
    }
    if (shift >= 0) {
      out.writeInt(WINDOW_SCALE | shift);
    }
  }
}
