package io.penstock.protocol.netstack.tcp;

/// The memory that all buffers of the stack hold together, and its bound.
///
/// It counts whole chunks as they are held, not the bytes in them, and its bound is a multiple of
/// them: what is said to be free can be had.
final class MemoryBudget {

  private final long maxBytes;
  private long heldBytes;

  MemoryBudget(long maxBytes) {
    this.maxBytes = maxBytes - maxBytes % ByteChunks.CHUNK_BYTES;
  }

  boolean reserve(int bytes) {
    if (heldBytes + bytes > maxBytes) {
      return false;
    }
    heldBytes += bytes;
    return true;
  }

  void release(int bytes) {
    heldBytes -= bytes;
    assert heldBytes >= 0;
  }

  long heldBytes() {
    return heldBytes;
  }

  long freeBytes() {
    return maxBytes - heldBytes;
  }
}
