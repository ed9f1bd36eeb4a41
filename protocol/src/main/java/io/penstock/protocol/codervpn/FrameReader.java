package io.penstock.protocol.codervpn;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/// Cuts the bytes behind the header into frames.
///
/// ```
/// +----------------------------+---------------------+
/// | length, 32 bit, big-endian | one protobuf        |
/// +----------------------------+---------------------+
/// ```
///
/// The length does not count itself. It is checked before anything is allocated for it, and what is
/// allocated grows with what has come. A frame that is whole in its buffer is not copied.
final class FrameReader {

  static final int LENGTH_BYTES = 4;

  /// What a frame that is not yet whole takes at first.
  private static final int FIRST_ALLOCATION_BYTES = 4096;

  /// What a call of [#next] found.
  sealed interface Found {

    /// More bytes must come.
    enum Nothing implements Found {
      NOTHING
    }

    /// A whole frame, which the taker releases.
    record Frame(ByteBuf body) implements Found {}

    /// A length above the limit; nothing behind it can be understood.
    record TooLarge(long lengthBytes) implements Found {}
  }

  private final ByteBufAllocator allocator;
  private final int maxFrameBytes;
  private int lengthBytesRead;
  private int length;
  private @Nullable ByteBuf held;

  FrameReader(ByteBufAllocator allocator, int maxFrameBytes) {
    this.allocator = allocator;
    this.maxFrameBytes = maxFrameBytes;
  }

  /// Takes the bytes of one frame, or all that are there.
  Found next(ByteBuf in) {
    while (lengthBytesRead < LENGTH_BYTES) {
      if (!in.isReadable()) {
        return Found.Nothing.NOTHING;
      }
      length = length << Byte.SIZE | in.readUnsignedByte();
      lengthBytesRead++;
    }
    // Lengths of 2^31 and more are negative here, and too large.
    if (length < 0 || length > maxFrameBytes) {
      return new Found.TooLarge(Integer.toUnsignedLong(length));
    }
    if (held == null && in.readableBytes() >= length) {
      return whole(in.readRetainedSlice(length));
    }
    if (held == null) {
      held = allocator.buffer(Math.min(length, FIRST_ALLOCATION_BYTES), length);
    }
    held.writeBytes(in, Math.min(in.readableBytes(), held.maxWritableBytes()));
    if (held.writerIndex() < length) {
      return Found.Nothing.NOTHING;
    }
    ByteBuf body = held;
    held = null;
    return whole(body);
  }

  private Found whole(ByteBuf body) {
    length = 0;
    lengthBytesRead = 0;
    return new Found.Frame(body);
  }

  /// Whether the last frame is whole, so that the stream may end here.
  boolean isBetweenFrames() {
    return lengthBytesRead == 0;
  }

  /// How far the frame is that has begun, in words.
  String progress() {
    if (lengthBytesRead < LENGTH_BYTES) {
      return lengthBytesRead + " of the " + LENGTH_BYTES + " bytes of a length";
    }
    int have = held == null ? 0 : held.writerIndex();
    return have + " of the " + length + " bytes of a frame";
  }

  /// Drops what has come of a frame.
  void release() {
    if (held != null) {
      held.release();
      held = null;
    }
  }
}
