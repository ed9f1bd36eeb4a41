package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// A queue of bytes in chunks of one size: the send buffer and the receive buffer of a connection.
///
/// Bytes are addressed by their offset from the front. They are copied in, so that what is held is
/// what is counted however small the writes were, and handed out without a copy. Bytes may be put
/// behind the end before those in between have come ([#put]); [#extend] then makes them part of the
/// queue. An empty queue holds no memory but its fields.
final class ByteChunks {

  private static final int CHUNK_BYTES = ChunkPool.CHUNK_BYTES;
  private static final int SHIFT = 13;
  private static final int MASK = CHUNK_BYTES - 1;
  private static final int FIRST_SLOTS = 4;
  private static final @Nullable ByteBuf[] NO_CHUNKS = new ByteBuf[0];

  private final ChunkPool pool;
  private @Nullable ByteBuf[] ring = NO_CHUNKS;
  private int first;
  private int chunks;

  /// Where the front of the queue is in its first chunk.
  private int start;

  private int length;

  /// How far bytes reach that were put behind the end, counted from the front; at least `length`.
  private int extent;

  ByteChunks(ChunkPool pool) {
    this.pool = pool;
  }

  int length() {
    return length;
  }

  int heldBytes() {
    return chunks << SHIFT;
  }

  /// Appends `bytes` readable bytes of `source` and consumes them; false, and nothing is taken,
  /// when the pool has no room.
  boolean append(ByteBuf source, int bytes) {
    if (!put(length, source, source.readerIndex(), bytes)) {
      return false;
    }
    source.skipBytes(bytes);
    extend(bytes);
    return true;
  }

  /// Copies bytes to the place that they will have; false, and nothing is changed, when the pool
  /// has no room.
  boolean put(int offset, ByteBuf source, int at, int bytes) {
    if (bytes == 0) {
      return true;
    }
    int end = start + offset + bytes;
    if (!ensureChunks((end + MASK) >>> SHIFT)) {
      return false;
    }
    int from = start + offset;
    int copied = 0;
    while (copied < bytes) {
      int inChunk = (from + copied) & MASK;
      int part = Math.min(bytes - copied, CHUNK_BYTES - inChunk);
      chunk((from + copied) >>> SHIFT).setBytes(inChunk, source, at + copied, part);
      copied += part;
    }
    extent = Math.max(extent, offset + bytes);
    return true;
  }

  /// Makes the next `bytes` bytes, which have been put, part of the queue.
  void extend(int bytes) {
    length += bytes;
    assert length <= extent;
  }

  /// Appends `bytes` bytes from `offset` on to `out`.
  void copyTo(int offset, int bytes, ByteBuf out) {
    assert offset >= 0 && offset + bytes <= length;
    int from = start + offset;
    int copied = 0;
    while (copied < bytes) {
      int inChunk = (from + copied) & MASK;
      int part = Math.min(bytes - copied, CHUNK_BYTES - inChunk);
      out.writeBytes(chunk((from + copied) >>> SHIFT), inChunk, part);
      copied += part;
    }
  }

  /// Removes `bytes` bytes at the front.
  void discard(int bytes) {
    assert bytes <= length;
    length -= bytes;
    extent -= bytes;
    start += bytes;
    while (start >= CHUNK_BYTES) {
      removeFirst().release();
      start -= CHUNK_BYTES;
    }
    if (extent == 0) {
      clear();
    }
  }

  /// Removes up to `maxBytes` bytes at the front and hands them out, never more than one chunk has;
  /// null when there are none. The caller releases it.
  @Nullable ByteBuf take(int maxBytes) {
    if (length == 0 || maxBytes <= 0) {
      return null;
    }
    int bytes = Math.min(Math.min(length, maxBytes), CHUNK_BYTES - start);
    boolean whole = start + bytes == CHUNK_BYTES || bytes == extent;
    if (!whole) {
      ByteBuf slice = chunk(0).retainedSlice(start, bytes);
      discard(bytes);
      return slice;
    }
    ByteBuf given = removeFirst();
    given.setIndex(start, start + bytes);
    length -= bytes;
    extent -= bytes;
    start = 0;
    if (extent == 0) {
      clear();
    }
    return given;
  }

  /// Releases everything.
  void clear() {
    while (chunks > 0) {
      removeFirst().release();
    }
    if (ring.length > 0) {
      pool.rings().give(ring, ring.length);
      ring = NO_CHUNKS;
    }
    first = 0;
    start = 0;
    length = 0;
    extent = 0;
  }

  private ByteBuf chunk(int index) {
    ByteBuf chunk = ring[(first + index) & (ring.length - 1)];
    assert chunk != null;
    return chunk;
  }

  private boolean ensureChunks(int wanted) {
    int missing = wanted - chunks;
    if (missing <= 0) {
      return true;
    }
    if (!pool.reserve(missing)) {
      return false;
    }
    if (wanted > ring.length) {
      grow(wanted);
    }
    for (int i = chunks; i < wanted; i++) {
      ring[(first + i) & (ring.length - 1)] = pool.take();
    }
    chunks = wanted;
    return true;
  }

  private void grow(int wanted) {
    int slots = Math.max(FIRST_SLOTS, Integer.highestOneBit(wanted - 1) << 1);
    @Nullable ByteBuf[] grown = pool.rings().take(slots);
    for (int i = 0; i < chunks; i++) {
      int at = (first + i) & (ring.length - 1);
      grown[i] = ring[at];
      ring[at] = null;
    }
    if (ring.length > 0) {
      pool.rings().give(ring, ring.length);
    }
    ring = grown;
    first = 0;
  }

  private ByteBuf removeFirst() {
    ByteBuf removed = chunk(0);
    ring[first] = null;
    first = (first + 1) & (ring.length - 1);
    chunks--;
    pool.unreserve();
    return removed;
  }
}
