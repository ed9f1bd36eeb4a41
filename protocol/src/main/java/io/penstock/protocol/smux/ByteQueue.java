package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/// A first-in, first-out queue of bytes that knows how much memory it really holds.
///
/// A slice of one byte can keep a buffer of 64 KiB alive. So only a piece that makes up a fair
/// share of its buffer is kept as a retained slice, and it is charged at least half of that buffer;
/// every other piece is copied into the tail, a chunk of our own that is charged its capacity. A
/// chunk is no larger than what the queue already holds (256 bytes at first, 16 KiB at most), so
/// the memory behind the queue stays under twice [#heldBytes], and [#heldBytes] near the number of
/// bytes even when they come one at a time.
final class ByteQueue {

  /// Below this a copy costs less than a slice with its reference count.
  private static final int RETAIN_MIN_BYTES = 2048;

  /// A piece is retained if it is at least this part of its buffer.
  private static final int RETAIN_MIN_SHARE = 4;

  private static final int MIN_CHUNK_BYTES = 256;
  private static final int MAX_CHUNK_BYTES = 16 * 1024;
  private static final int FIRST_SLOTS = 4;
  private static final @Nullable ByteBuf[] NO_SEGMENTS = {};
  private static final int[] NO_CHARGES = {};

  private final ByteBufAllocator allocator;
  private @Nullable ByteBuf[] segments = NO_SEGMENTS;
  private int[] charges = NO_CHARGES;
  private int head;
  private int count;
  private @Nullable ByteBuf tail;
  private int readableBytes;
  private long heldBytes;

  ByteQueue(ByteBufAllocator allocator) {
    this.allocator = allocator;
  }

  /// Moves the next `length` bytes of `in` to the end of the queue; `in` stays the caller's.
  void add(ByteBuf in, int length) {
    if (length >= RETAIN_MIN_BYTES) {
      int capacity = underlyingCapacity(in);
      if ((long) length * RETAIN_MIN_SHARE >= capacity) {
        tail = null;
        push(in.readRetainedSlice(length), Math.max(length, (capacity + 1) / 2));
        readableBytes += length;
        return;
      }
    }
    copy(in, length);
  }

  private void copy(ByteBuf in, int length) {
    int left = length;
    while (left > 0) {
      ByteBuf chunk = tail;
      if (chunk == null || !chunk.isWritable()) {
        chunk = newChunk(left);
      }
      int some = Math.min(left, chunk.writableBytes());
      chunk.writeBytes(in, some);
      readableBytes += some;
      left -= some;
    }
  }

  private ByteBuf newChunk(int wantedBytes) {
    int wanted = Math.max(wantedBytes, readableBytes);
    int capacity = Math.clamp(wanted, MIN_CHUNK_BYTES, MAX_CHUNK_BYTES);
    ByteBuf chunk = allocator.ioBuffer(capacity, capacity);
    push(chunk, capacity);
    tail = chunk;
    return chunk;
  }

  private static int underlyingCapacity(ByteBuf buffer) {
    ByteBuf root = buffer;
    for (ByteBuf below = root.unwrap(); below != null; below = root.unwrap()) {
      root = below;
    }
    return root.capacity();
  }

  private void push(ByteBuf segment, int charge) {
    if (count == segments.length) {
      grow();
    }
    int at = (head + count) & (segments.length - 1);
    segments[at] = segment;
    charges[at] = charge;
    count++;
    heldBytes += charge;
  }

  private void grow() {
    int slots = Math.max(FIRST_SLOTS, segments.length * 2);
    @Nullable ByteBuf[] wider = new ByteBuf[slots];
    int[] widerCharges = new int[slots];
    for (int i = 0; i < count; i++) {
      int at = (head + i) & (segments.length - 1);
      wider[i] = segments[at];
      widerCharges[i] = charges[at];
    }
    segments = wider;
    charges = widerCharges;
    head = 0;
  }

  /// Takes up to `maxBytes` adjacent bytes off the front; the caller owns the buffer. Null when the
  /// queue is empty.
  @Nullable ByteBuf take(int maxBytes) {
    if (count == 0) {
      return null;
    }
    ByteBuf first = first();
    int readable = first.readableBytes();
    if (readable > maxBytes) {
      readableBytes -= maxBytes;
      return first.readRetainedSlice(maxBytes);
    }
    pop();
    readableBytes -= readable;
    return first;
  }

  /// Copies exactly `length` bytes off the front to `out`; the queue must hold as many.
  void copyTo(ByteBuf out, int length) {
    int left = length;
    while (left > 0) {
      ByteBuf first = first();
      int some = Math.min(left, first.readableBytes());
      out.writeBytes(first, some);
      readableBytes -= some;
      left -= some;
      if (!first.isReadable()) {
        pop();
        first.release();
      }
    }
  }

  /// Drops everything.
  void releaseAll() {
    while (count > 0) {
      ByteBuf first = first();
      pop();
      first.release();
    }
    readableBytes = 0;
    segments = NO_SEGMENTS;
    charges = NO_CHARGES;
    head = 0;
  }

  private ByteBuf first() {
    ByteBuf first = segments[head];
    if (first == null) {
      throw new IllegalStateException("the queue is empty");
    }
    return first;
  }

  private void pop() {
    segments[head] = null;
    heldBytes -= charges[head];
    head = (head + 1) & (segments.length - 1);
    count--;
    if (count == 0) {
      tail = null;
    }
  }

  int readableBytes() {
    return readableBytes;
  }

  /// What the queue is charged for: the memory that it keeps alive, within a factor of two.
  long heldBytes() {
    return heldBytes;
  }
}
