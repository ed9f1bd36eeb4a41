package io.penstock.node.demo;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The endless sequence of bytes that every download and upload of the demo is a prefix of.
///
/// Byte `i` depends on `i` alone and the sequence does not repeat, so a lost, doubled or moved
/// block changes the checksum. Big-endian words of a splitmix64 generator that is seeded with the
/// word's index.
final class DemoBytes {

  /// Positions at which a caller may start: words are never split.
  static final int WORD_BYTES = Long.BYTES;

  private static final int DIGEST_STEP_BYTES = 1 << 16;

  private DemoBytes() {}

  /// Appends the bytes `[position, position + length)` of the sequence to `out`.
  static void write(ByteBuf out, long position, int length) {
    long word = wordAt(position);
    int left = length;
    for (; left >= WORD_BYTES; left -= WORD_BYTES) {
      out.writeLong(mix(word++));
    }
    for (long last = mix(word); left > 0; left--, last <<= Byte.SIZE) {
      out.writeByte((int) (last >>> (Long.SIZE - Byte.SIZE)));
    }
  }

  /// Puts as many bytes of the sequence as `out` has room for, from `position` on.
  static void put(ByteBuffer out, long position) {
    long word = wordAt(position);
    while (out.remaining() >= WORD_BYTES) {
      out.putLong(mix(word++));
    }
    for (long last = mix(word); out.hasRemaining(); last <<= Byte.SIZE) {
      out.put((byte) (last >>> (Long.SIZE - Byte.SIZE)));
    }
  }

  /// The SHA-256, in lower-case hexadecimal, of the first `length` bytes of the sequence.
  static String sha256(long length) {
    MessageDigest digest = newDigest();
    ByteBuffer step = ByteBuffer.allocate(DIGEST_STEP_BYTES);
    for (long position = 0; position < length; position += DIGEST_STEP_BYTES) {
      step.clear().limit((int) Math.min(DIGEST_STEP_BYTES, length - position));
      put(step, position);
      digest.update(step.flip());
    }
    return hex(digest);
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  private static long wordAt(long position) {
    if (position % WORD_BYTES != 0) {
      throw new IllegalArgumentException("position " + position + " is not a multiple of 8");
    }
    return position / WORD_BYTES;
  }

  private static long mix(long index) {
    long z = (index + 1) * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
