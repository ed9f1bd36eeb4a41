package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/// The ranges of bytes that came ahead of a missing one, and what SACK says of them (RFC 2018
/// section 4, duplicates: RFC 2883).
///
/// The bytes themselves are already at their place in the receive buffer.
final class OutOfOrder {

  private static final int FIRST_SLOTS = 4;
  private static final int MAX_BLOCKS = 4;
  private static final int BLOCK_BYTES = 8;
  private static final int[] NONE = new int[0];

  private final int maxRanges;
  private int[] starts = NONE;
  private int[] ends = NONE;
  private int count;

  /// The ranges that grew last, by a byte in them, the newest first.
  private int[] recent = NONE;

  private int recentCount;
  private boolean hasDuplicate;
  private int duplicateStart;
  private int duplicateEnd;

  OutOfOrder(int maxRanges) {
    this.maxRanges = maxRanges;
  }

  boolean isEmpty() {
    return count == 0;
  }

  int ranges() {
    return count;
  }

  int bytes() {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      sum += ends[i] - starts[i];
    }
    return sum;
  }

  /// Whether a range can be added: it touches one that is there, or there is room for one more.
  boolean hasRoomFor(int start, int end) {
    if (count < maxRanges) {
      return true;
    }
    for (int i = 0; i < count; i++) {
      if (SequenceNumber.isAtOrAfter(end, starts[i])
          && SequenceNumber.isAtOrBefore(start, ends[i])) {
        return true;
      }
    }
    return false;
  }

  /// Adds a range and joins it with those it touches. What was there before becomes the duplicate
  /// that the next acknowledgment reports.
  void add(int start, int end) {
    int first = 0;
    while (first < count && SequenceNumber.isBefore(ends[first], start)) {
      first++;
    }
    int last = first;
    int joinedStart = start;
    int joinedEnd = end;
    while (last < count && SequenceNumber.isAtOrBefore(starts[last], end)) {
      noteOverlap(start, end, starts[last], ends[last]);
      joinedStart = SequenceNumber.earlier(joinedStart, starts[last]);
      joinedEnd = SequenceNumber.later(joinedEnd, ends[last]);
      last++;
    }
    replace(first, last, joinedStart, joinedEnd);
    remember(start);
  }

  private void noteOverlap(int start, int end, int rangeStart, int rangeEnd) {
    int from = SequenceNumber.later(start, rangeStart);
    int to = SequenceNumber.earlier(end, rangeEnd);
    if (SequenceNumber.isBefore(from, to)) {
      duplicate(from, to);
    }
  }

  private void replace(int first, int last, int start, int end) {
    int removed = last - first;
    if (removed == 0 && count == starts.length) {
      int slots = Math.max(FIRST_SLOTS, Math.min(maxRanges, count * 2));
      starts = Arrays.copyOf(starts, Math.max(slots, count + 1));
      ends = Arrays.copyOf(ends, starts.length);
    }
    int tail = count - last;
    System.arraycopy(starts, last, starts, first + 1, tail);
    System.arraycopy(ends, last, ends, first + 1, tail);
    starts[first] = start;
    ends[first] = end;
    count += 1 - removed;
  }

  private void remember(int seq) {
    if (recent.length == 0) {
      recent = new int[MAX_BLOCKS];
    }
    int at = Math.min(recentCount, MAX_BLOCKS - 1);
    for (int i = 0; i < recentCount; i++) {
      if (rangeOf(recent[i]) == rangeOf(seq)) {
        at = i;
        break;
      }
    }
    recentCount = Math.max(recentCount, Math.min(MAX_BLOCKS, at + 1));
    System.arraycopy(recent, 0, recent, 1, at);
    recent[0] = seq;
  }

  private int rangeOf(int seq) {
    for (int i = 0; i < count; i++) {
      if (SequenceNumber.isAtOrAfter(seq, starts[i]) && SequenceNumber.isBefore(seq, ends[i])) {
        return i;
      }
    }
    return -1;
  }

  /// The bytes up to `rcvNxt` are in order now: removes the ranges that they reach and returns
  /// where the bytes in order end.
  int advance(int rcvNxt) {
    int end = rcvNxt;
    int gone = 0;
    while (gone < count && SequenceNumber.isAtOrBefore(starts[gone], end)) {
      end = SequenceNumber.later(end, ends[gone]);
      gone++;
    }
    if (gone > 0) {
      count -= gone;
      System.arraycopy(starts, gone, starts, 0, count);
      System.arraycopy(ends, gone, ends, 0, count);
      if (count == 0) {
        recentCount = 0;
      }
    }
    return end;
  }

  /// These bytes came although they were here.
  void duplicate(int start, int end) {
    hasDuplicate = true;
    duplicateStart = start;
    duplicateEnd = end;
  }

  boolean hasReport() {
    return count > 0 || hasDuplicate;
  }

  /// How many blocks the next acknowledgment tells, when options leave `roomBytes`.
  int reportBlocks(int roomBytes) {
    int blocks = Math.min(count, MAX_BLOCKS) + (hasDuplicate ? 1 : 0);
    return Math.min(blocks, roomBytes / BLOCK_BYTES);
  }

  /// Writes that many blocks: the duplicate, then the ranges in the order of their last change.
  void writeReport(ByteBuf out, int blocks) {
    int left = blocks;
    if (hasDuplicate && left > 0) {
      out.writeInt(duplicateStart);
      out.writeInt(duplicateEnd);
      left--;
    }
    hasDuplicate = false;
    long written = 0;
    for (int i = 0; i < recentCount && left > 0; i++) {
      int range = rangeOf(recent[i]);
      if (range >= 0 && range < Long.SIZE && (written & 1L << range) == 0) {
        written |= 1L << range;
        writeRange(out, range);
        left--;
      }
    }
    for (int range = 0; range < count && left > 0; range++) {
      if (range >= Long.SIZE || (written & 1L << range) == 0) {
        writeRange(out, range);
        left--;
      }
    }
  }

  private void writeRange(ByteBuf out, int range) {
    out.writeInt(starts[range]);
    out.writeInt(ends[range]);
  }
}
