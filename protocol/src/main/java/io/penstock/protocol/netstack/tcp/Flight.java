package io.penstock.protocol.netstack.tcp;

import java.util.Arrays;

/// The segments that were sent and are not yet acknowledged, in the order of their bytes: the
/// scoreboard of SACK (RFC 2018, 6675) with the times that RACK needs (RFC 8985).
///
/// A ring of primitive arrays, 13 bytes a segment, that does not exist while nothing is in flight
/// for the first time. Segments follow each other without gaps: each begins where the one before
/// ends, the first at [#una]. A segment is *sacked*, *lost*, or still in the pipe; sending it again
/// puts a lost one back into the pipe.
final class Flight {

  private static final int SACKED = 1;
  private static final int LOST = 2;
  private static final int RETRANSMITTED = 4;
  private static final int MTU_PROBE = 8;

  private static final int FIRST_SLOTS = 2;
  private static final int KEPT_SLOTS = 64;
  private static final int CACHED_BLOCKS = 4;
  private static final int[] NO_ENDS = new int[0];
  private static final long[] NO_TIMES = new long[0];
  private static final byte[] NO_FLAGS = new byte[0];

  private int[] ends = NO_ENDS;
  private long[] sentNanos = NO_TIMES;
  private byte[] flags = NO_FLAGS;
  private int[] cachedStart = NO_ENDS;
  private int[] cachedEnd = NO_ENDS;
  private int head;
  private int count;
  private int una;
  private int sackedBytes;
  private int sackedSegments;
  private int lostBytes;

  /// No segment before this one is lost.
  private int lostFrom;

  void start(int firstSequenceNumber) {
    una = firstSequenceNumber;
  }

  int una() {
    return una;
  }

  int size() {
    return count;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /// Everything between the first unacknowledged byte and the last one sent.
  int outstandingBytes() {
    return count == 0 ? 0 : end(count - 1) - una;
  }

  /// What is believed to be on its way (RFC 6675 section 4).
  int pipeBytes() {
    return outstandingBytes() - sackedBytes - lostBytes;
  }

  int sackedBytes() {
    return sackedBytes;
  }

  int sackedSegments() {
    return sackedSegments;
  }

  int lostBytes() {
    return lostBytes;
  }

  private int slot(int index) {
    return (head + index) & (ends.length - 1);
  }

  int begin(int index) {
    return index == 0 ? una : end(index - 1);
  }

  int end(int index) {
    return ends[slot(index)];
  }

  int bytes(int index) {
    return end(index) - begin(index);
  }

  long sentNanos(int index) {
    return sentNanos[slot(index)];
  }

  boolean isSacked(int index) {
    return (flags[slot(index)] & SACKED) != 0;
  }

  boolean isLost(int index) {
    return (flags[slot(index)] & LOST) != 0;
  }

  boolean isRetransmitted(int index) {
    return (flags[slot(index)] & RETRANSMITTED) != 0;
  }

  boolean isMtuProbe(int index) {
    return (flags[slot(index)] & MTU_PROBE) != 0;
  }

  /// Adds what was just sent behind all others.
  void add(int end, long nowNanos) {
    if (count == ends.length) {
      grow();
    }
    int slot = slot(count);
    ends[slot] = end;
    sentNanos[slot] = nowNanos;
    flags[slot] = 0;
    count++;
  }

  void addMtuProbe(int end, long nowNanos) {
    add(end, nowNanos);
    flags[slot(count - 1)] = MTU_PROBE;
  }

  private void grow() {
    int slots = Math.max(FIRST_SLOTS, ends.length * 2);
    int[] newEnds = new int[slots];
    long[] newTimes = new long[slots];
    byte[] newFlags = new byte[slots];
    for (int i = 0; i < count; i++) {
      int slot = slot(i);
      newEnds[i] = ends[slot];
      newTimes[i] = sentNanos[slot];
      newFlags[i] = flags[slot];
    }
    ends = newEnds;
    sentNanos = newTimes;
    flags = newFlags;
    head = 0;
  }

  /// Marks a segment as sent again now.
  void retransmitted(int index, long nowNanos) {
    int slot = slot(index);
    if ((flags[slot] & LOST) != 0) {
      lostBytes -= bytes(index);
    }
    flags[slot] = (byte) ((flags[slot] & ~(LOST | MTU_PROBE)) | RETRANSMITTED);
    sentNanos[slot] = nowNanos;
  }

  /// Cuts a segment in two, of which the first has `bytes` bytes: it no longer fits the path.
  void split(int index, int bytes) {
    assert bytes > 0 && bytes < bytes(index);
    int cut = begin(index) + bytes;
    int slot = slot(index);
    int rest = ends[slot];
    long time = sentNanos[slot];
    byte flag = flags[slot];
    add(0, 0);
    for (int i = count - 1; i > index + 1; i--) {
      int to = slot(i);
      int from = slot(i - 1);
      ends[to] = ends[from];
      sentNanos[to] = sentNanos[from];
      flags[to] = flags[from];
    }
    ends[slot(index)] = cut;
    int second = slot(index + 1);
    ends[second] = rest;
    sentNanos[second] = time;
    flags[second] = flag;
    if ((flag & SACKED) != 0) {
      sackedSegments++;
    }
  }

  void markLost(int index) {
    int slot = slot(index);
    if ((flags[slot] & (LOST | SACKED)) == 0) {
      flags[slot] |= LOST;
      lostBytes += bytes(index);
      lostFrom = Math.min(lostFrom, index);
    }
  }

  /// Marks all that is not sacked as lost. When the first is sacked and yet not acknowledged the
  /// peer has thrown away what it said it had (RFC 2018 section 8): then all is lost.
  void markAllLost() {
    if (count > 0 && isSacked(0)) {
      for (int i = 0; i < count; i++) {
        flags[slot(i)] &= ~SACKED;
      }
      sackedBytes = 0;
      sackedSegments = 0;
      forgetBlocks();
    }
    for (int i = 0; i < count; i++) {
      markLost(i);
    }
  }

  /// A reduction was for nothing: what was thought lost is still on its way.
  void unmarkLost() {
    for (int i = lostFrom; i < count && lostBytes > 0; i++) {
      if (isLost(i)) {
        flags[slot(i)] &= ~LOST;
        lostBytes -= bytes(i);
      }
    }
  }

  /// The first lost segment, -1 when there is none.
  int firstLost() {
    if (lostBytes == 0) {
      lostFrom = count;
      return -1;
    }
    while (lostFrom < count && !isLost(lostFrom)) {
      lostFrom++;
    }
    return lostFrom < count ? lostFrom : -1;
  }

  /// Removes all before `ack` and tells `report` of each segment that was delivered.
  ///
  /// @return how many bytes are new, those sacked before not counted
  int acknowledge(int ack, AckReport report) {
    int delivered = 0;
    int popped = 0;
    while (count > 0 && SequenceNumber.isAtOrBefore(ends[head], ack)) {
      int bytes = ends[head] - una;
      int flag = flags[head];
      if ((flag & SACKED) != 0) {
        sackedBytes -= bytes;
        sackedSegments--;
      } else {
        delivered += bytes;
        report.onDelivered(sentNanos[head], ends[head], (flag & RETRANSMITTED) != 0);
      }
      if ((flag & LOST) != 0) {
        lostBytes -= bytes;
      }
      una = ends[head];
      head = (head + 1) & (ends.length - 1);
      count--;
      popped++;
    }
    lostFrom = Math.max(0, lostFrom - popped);
    if (SequenceNumber.isBefore(una, ack)) {
      delivered += acknowledgePart(ack - una);
    }
    una = ack;
    if (count == 0) {
      rest();
    }
    return delivered;
  }

  private int acknowledgePart(int bytes) {
    if (count == 0) {
      return 0;
    }
    int flag = flags[head];
    if ((flag & LOST) != 0) {
      lostBytes -= bytes;
    }
    if ((flag & SACKED) != 0) {
      sackedBytes -= bytes;
      return 0;
    }
    return bytes;
  }

  private void rest() {
    head = 0;
    lostFrom = 0;
    forgetBlocks();
    if (ends.length > KEPT_SLOTS) {
      trim();
    }
  }

  /// Gives the memory back; nothing may be in flight.
  void trim() {
    assert count == 0;
    ends = NO_ENDS;
    sentNanos = NO_TIMES;
    flags = NO_FLAGS;
  }

  /// Marks the segments that lie whole in a block that the peer has.
  ///
  /// @return how many bytes are new
  int sack(int blockStart, int blockEnd, AckReport report) {
    if (count == 0 || SequenceNumber.isAfter(blockEnd, end(count - 1))) {
      return 0;
    }
    int from = SequenceNumber.later(una, seenUpTo(blockStart, blockEnd));
    int delivered = 0;
    for (int i = indexAfter(from);
        i < count && SequenceNumber.isAtOrBefore(end(i), blockEnd);
        i++) {
      if (isSacked(i) || SequenceNumber.isBefore(begin(i), blockStart)) {
        continue;
      }
      int slot = slot(i);
      int bytes = bytes(i);
      if ((flags[slot] & LOST) != 0) {
        lostBytes -= bytes;
      }
      report.onDelivered(sentNanos[slot], ends[slot], (flags[slot] & RETRANSMITTED) != 0);
      flags[slot] = (byte) ((flags[slot] & ~LOST) | SACKED);
      sackedBytes += bytes;
      sackedSegments++;
      delivered += bytes;
    }
    return delivered;
  }

  /// A block that has only grown at its end needs a look at its new part only.
  private int seenUpTo(int blockStart, int blockEnd) {
    if (cachedStart.length == 0) {
      cachedStart = new int[CACHED_BLOCKS];
      cachedEnd = new int[CACHED_BLOCKS];
    }
    for (int i = 0; i < CACHED_BLOCKS; i++) {
      if (cachedStart[i] == blockStart
          && cachedEnd[i] != blockStart
          && SequenceNumber.isAtOrBefore(cachedEnd[i], blockEnd)) {
        int seen = cachedEnd[i];
        cachedEnd[i] = blockEnd;
        return seen;
      }
    }
    System.arraycopy(cachedStart, 0, cachedStart, 1, CACHED_BLOCKS - 1);
    System.arraycopy(cachedEnd, 0, cachedEnd, 1, CACHED_BLOCKS - 1);
    cachedStart[0] = blockStart;
    cachedEnd[0] = blockEnd;
    return blockStart;
  }

  private void forgetBlocks() {
    Arrays.fill(cachedStart, 0);
    Arrays.fill(cachedEnd, 0);
  }

  /// The first segment that ends after `sequenceNumber`.
  private int indexAfter(int sequenceNumber) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (SequenceNumber.isAfter(end(middle), sequenceNumber)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /// The segment that holds a byte, -1 when it is not in flight.
  int indexOf(int sequenceNumber) {
    if (SequenceNumber.isBefore(sequenceNumber, una)) {
      return -1;
    }
    int index = indexAfter(sequenceNumber);
    return index < count ? index : -1;
  }
}
