package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/// The memory of all buffers of the stack, in chunks of one size, and its bound.
///
/// It counts whole chunks as they are held, not the bytes in them, and its bound is a multiple of
/// them: what is said to be free can be had.
final class ChunkPool {

  /// 8 KiB: five segments of an Ethernet, and a size that the pool keeps at hand.
  static final int CHUNK_BYTES = 8 * 1024;

  private final ByteBufAllocator allocator;
  private final Spares<@Nullable ByteBuf[]> rings = new Spares<>(slots -> new ByteBuf[slots]);
  private final long maxBytes;
  private long heldBytes;

  ChunkPool(ByteBufAllocator allocator, long maxBytes) {
    this.allocator = allocator;
    this.maxBytes = maxBytes - maxBytes % CHUNK_BYTES;
  }

  /// Allows so many chunks to be taken; false, and none is, when that would be too many.
  boolean reserve(int chunks) {
    long bytes = (long) chunks * CHUNK_BYTES;
    if (bytes > maxBytes - heldBytes) {
      return false;
    }
    heldBytes += bytes;
    return true;
  }

  /// A chunk that was reserved; the caller owns it.
  ByteBuf take() {
    return allocator.directBuffer(CHUNK_BYTES, CHUNK_BYTES);
  }

  /// A chunk that was taken is no longer held.
  void unreserve() {
    heldBytes -= CHUNK_BYTES;
    assert heldBytes >= 0;
  }

  /// Rings to hold chunks in; whoever gives one back has emptied it.
  Spares<@Nullable ByteBuf[]> rings() {
    return rings;
  }

  long heldBytes() {
    return heldBytes;
  }

  long freeBytes() {
    return maxBytes - heldBytes;
  }
}
