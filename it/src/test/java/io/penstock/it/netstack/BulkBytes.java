package io.penstock.it.netstack;

import io.netty.buffer.ByteBuf;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A stream of bytes in which no two places are alike, fast to make and to check by SHA-256.
///
/// Not thread-safe.
final class BulkBytes {

  /// An odd number, so that the products of all numbers are different.
  private static final long STEP = 0x9E37_79B9_7F4A_7C15L;

  private final long total;
  private long place;

  /// @param total how many bytes, a multiple of 8
  BulkBytes(long total) {
    this.total = total;
  }

  long left() {
    return total - place;
  }

  /// Appends the next bytes, a multiple of 8 of them.
  void take(ByteBuf into, int most) {
    int bytes = (int) Math.min(most, left());
    for (int i = 0; i < bytes; i += Long.BYTES) {
      long mixed = (place + i) * STEP;
      into.writeLong(mixed ^ (mixed >>> 29));
    }
    place += bytes;
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }
}
