package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/// The receiving half of a session: puts segments in order and holds them for the reader.
///
/// Segments from `readNxt` to `rcvNxt` are in order and wait to be read; later ones wait for those
/// before them. All lie in one window of `rcvWnd` segments that starts at `readNxt`, so a reader
/// that pauses bounds the memory by count, and `receiveBufferBytes` bounds it by size. Data is
/// copied out of the datagram, because a datagram may be a small part of a large read buffer.
///
/// Deviates from kcp-go: its unread and its unordered segments have a window each.
final class Receiver {

  private final KcpConfig config;
  private final ByteBufAllocator allocator;
  private final SegmentTable<ByteBuf> segments = new SegmentTable<>();
  private final AckList acks;
  private int readNxt;
  private int rcvNxt;
  private int maxSegments;
  private int heldBytes;
  private int readyHeldBytes;
  private int readableBytes;

  Receiver(KcpConfig config, ByteBufAllocator allocator) {
    this(config, allocator, 0);
  }

  /// Makes a receiver that expects `firstSn` first, so that a test can wrap it.
  Receiver(KcpConfig config, ByteBufAllocator allocator, int firstSn) {
    this.config = config;
    this.allocator = allocator;
    acks = new AckList(Math.max(128, config.rcvWnd()));
    maxSegments = config.rcvWnd();
    readNxt = firstSn;
    rcvNxt = firstSn;
  }

  /// Takes segment `sn` from the next `length` bytes of `in`, which stay unread if it is not taken.
  ///
  /// A segment that was received before is acknowledged again, because the first acknowledgement
  /// may be lost; one that finds no place is not.
  void onPush(int sn, int ts, ByteBuf in, int length) {
    if (sn - (readNxt + maxSegments) >= 0) {
      return;
    }
    if (sn - rcvNxt < 0 || segments.get(readNxt, sn) != null) {
      acks.add(sn, ts);
      return;
    }
    if (!hasRoomFor(sn, length)) {
      return;
    }
    ByteBuf copy = allocator.buffer(length, length);
    copy.writeBytes(in, in.readerIndex(), length);
    segments.put(readNxt, sn, copy);
    heldBytes += charge(copy);
    acks.add(sn, ts);
    order();
  }

  /// The next segment in order is taken in any case when nothing waits to be read: without it
  /// nothing behind it could ever leave.
  private boolean hasRoomFor(int sn, int length) {
    return heldBytes + (long) length + Sender.SEGMENT_OVERHEAD_BYTES <= config.receiveBufferBytes()
        || (sn == rcvNxt && readNxt == rcvNxt);
  }

  private void order() {
    for (ByteBuf next = segments.get(readNxt, rcvNxt);
        next != null;
        next = segments.get(readNxt, rcvNxt)) {
      if (rcvNxt - readNxt >= maxSegments) {
        return;
      }
      rcvNxt++;
      readyHeldBytes += charge(next);
      readableBytes += next.readableBytes();
    }
    dropEmpty();
  }

  /// An empty segment carries nothing to a reader but would wait for one.
  private void dropEmpty() {
    while (readNxt != rcvNxt) {
      ByteBuf first = segments.get(readNxt, readNxt);
      if (first == null || first.isReadable()) {
        return;
      }
      takeFirst().release();
    }
  }

  /// Returns the next bytes in order, `maxBytes` at most, or null when there are none.
  @Nullable ByteBuf read(int maxBytes) {
    ByteBuf first = segments.get(readNxt, readNxt);
    if (readNxt == rcvNxt || first == null) {
      return null;
    }
    int length = Math.min(maxBytes, readableBytes);
    if (first.readableBytes() == length) {
      ByteBuf only = takeFirst();
      dropEmpty();
      return only;
    }
    ByteBuf merged = allocator.buffer(length, length);
    while (merged.isWritable()) {
      moveTo(merged);
    }
    dropEmpty();
    return merged;
  }

  private void moveTo(ByteBuf merged) {
    ByteBuf first = segments.get(readNxt, readNxt);
    if (first == null) {
      throw new IllegalStateException("segment " + readNxt + " is missing");
    }
    int length = Math.min(merged.writableBytes(), first.readableBytes());
    merged.writeBytes(first, length);
    readableBytes -= length;
    if (!first.isReadable()) {
      takeFirst().release();
    }
  }

  private ByteBuf takeFirst() {
    ByteBuf first = segments.remove(readNxt, readNxt);
    if (first == null) {
      throw new IllegalStateException("segment " + readNxt + " is missing");
    }
    readNxt++;
    heldBytes -= charge(first);
    readyHeldBytes -= charge(first);
    readableBytes -= first.readableBytes();
    return first;
  }

  private static int charge(ByteBuf segment) {
    return segment.capacity() + Sender.SEGMENT_OVERHEAD_BYTES;
  }

  /// How many more segments the peer may send: what every segment of ours advertises.
  int window() {
    int bySegments = maxSegments - (rcvNxt - readNxt);
    int freeBytes = Math.max(0, config.receiveBufferBytes() - readyHeldBytes);
    int byBytes = freeBytes / (config.mss() + Sender.SEGMENT_OVERHEAD_BYTES);
    return Math.max(0, Math.min(bySegments, byBytes));
  }

  /// Holds the window to `segments`, or opens it to all that the config allows.
  void limitTo(int segments) {
    maxSegments = Math.min(segments, config.rcvWnd());
  }

  int rcvNxt() {
    return rcvNxt;
  }

  AckList acks() {
    return acks;
  }

  int readableBytes() {
    return readableBytes;
  }

  int heldBytes() {
    return heldBytes;
  }

  void release() {
    for (int sn = readNxt; sn != readNxt + config.rcvWnd(); sn++) {
      ByteBuf segment = segments.remove(readNxt, sn);
      if (segment != null) {
        segment.release();
      }
    }
    rcvNxt = readNxt;
    heldBytes = 0;
    readyHeldBytes = 0;
    readableBytes = 0;
    acks.clear();
  }
}
