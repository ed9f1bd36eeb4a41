package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/// Collects the bytes of one control message, at most [SnapTun#MAX_CONTROL_BYTES] of them.
final class ControlBuffer {

  private static final int FIRST_BYTES = 512; // most messages, with a token of a few hundred

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;

  /// Takes what still fits from the buffer, which stays the caller's.
  void append(ByteBuf in) {
    int count = Math.min(in.readableBytes(), SnapTun.MAX_CONTROL_BYTES - length);
    if (length + count > bytes.length) {
      int doubled = Math.max(2 * bytes.length, length + count);
      bytes = Arrays.copyOf(bytes, Math.min(doubled, SnapTun.MAX_CONTROL_BYTES));
    }
    in.readBytes(bytes, length, count);
    length += count;
  }

  boolean isFull() {
    return length == SnapTun.MAX_CONTROL_BYTES;
  }

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }
}
