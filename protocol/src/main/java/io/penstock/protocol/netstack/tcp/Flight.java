package io.penstock.protocol.netstack.tcp;

/// The segments that were sent and are not yet acknowledged, in the order of their bytes: the
/// scoreboard of SACK (RFC 2018, 6675) with the times that RACK needs (RFC 8985).
///
/// The segments are a ring of [FlightSlots], which are held only while something is in flight. They
/// follow each other without gaps: each begins where the one before ends, the first at [#una]. A
/// segment is *sacked*, *lost*, or still in the pipe; sending it again puts a lost one back into
/// the pipe.
final class Flight {

  private static final int SACKED = 1;
  private static final int LOST = 2;
  private static final int RETRANSMITTED = 4;
  private static final int MTU_PROBE = 8;

  private static final int FIRST_SLOTS = 2;

  /// With segments of 416 bytes or more a slot is not worth counting.
  private static final int USUAL_BYTES_PER_SLOT_BYTE = 32;

  private static final FlightSlots NO_SLOTS = new FlightSlots(0);

  private final Spares<FlightSlots> spares;
  private FlightSlots slots = NO_SLOTS;
  private int head;
  private int count;
  private int una;
  private int sackedBytes;
  private int sackedSegments;
  private int lostBytes;

  /// No segment before this one is lost.
  private int lostFrom;

  Flight(Spares<FlightSlots> spares) {
    this.spares = spares;
  }

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

  /// What the slots take beyond those of segments of common sizes: many tiny segments hold more
  /// than their bytes.
  int excessBytes() {
    int usual = outstandingBytes() / USUAL_BYTES_PER_SLOT_BYTE;
    return Math.max(0, count * FlightSlots.BYTES_PER_SLOT - usual);
  }

  private int slot(int index) {
    return (head + index) & (slots.count() - 1);
  }

  int begin(int index) {
    return index == 0 ? una : end(index - 1);
  }

  int end(int index) {
    return slots.ends[slot(index)];
  }

  int bytes(int index) {
    return end(index) - begin(index);
  }

  long sentNanos(int index) {
    return slots.sentNanos[slot(index)];
  }

  boolean isSacked(int index) {
    return (slots.flags[slot(index)] & SACKED) != 0;
  }

  boolean isLost(int index) {
    return (slots.flags[slot(index)] & LOST) != 0;
  }

  boolean isRetransmitted(int index) {
    return (slots.flags[slot(index)] & RETRANSMITTED) != 0;
  }

  boolean isMtuProbe(int index) {
    return (slots.flags[slot(index)] & MTU_PROBE) != 0;
  }

  /// Adds what was just sent behind all others.
  void add(int end, long nowNanos) {
    if (count == slots.count()) {
      grow();
    }
    int slot = slot(count);
    slots.ends[slot] = end;
    slots.sentNanos[slot] = nowNanos;
    slots.flags[slot] = 0;
    count++;
  }

  void addMtuProbe(int end, long nowNanos) {
    add(end, nowNanos);
    slots.flags[slot(count - 1)] = MTU_PROBE;
  }

  private void grow() {
    FlightSlots wider = spares.take(Math.max(FIRST_SLOTS, slots.count() * 2));
    for (int i = 0; i < count; i++) {
      wider.copySegment(i, slots, slot(i));
    }
    wider.copyBlocks(slots);
    giveBack();
    slots = wider;
    head = 0;
  }

  private void giveBack() {
    if (slots != NO_SLOTS) {
      slots.forgetBlocks();
      spares.give(slots, slots.count());
      slots = NO_SLOTS;
    }
  }

  /// Marks a segment as sent again now.
  void retransmitted(int index, long nowNanos) {
    int slot = slot(index);
    if ((slots.flags[slot] & LOST) != 0) {
      lostBytes -= bytes(index);
    }
    slots.flags[slot] = (byte) ((slots.flags[slot] & ~(LOST | MTU_PROBE)) | RETRANSMITTED);
    slots.sentNanos[slot] = nowNanos;
  }

  /// Cuts a segment in two, of which the first has `bytes` bytes: it no longer fits the path.
  void split(int index, int bytes) {
    assert bytes > 0 && bytes < bytes(index);
    int cut = begin(index) + bytes;
    int slot = slot(index);
    int rest = slots.ends[slot];
    long time = slots.sentNanos[slot];
    byte flag = slots.flags[slot];
    add(0, 0);
    for (int i = count - 1; i > index + 1; i--) {
      slots.copySegment(slot(i), slots, slot(i - 1));
    }
    slots.ends[slot(index)] = cut;
    int second = slot(index + 1);
    slots.ends[second] = rest;
    slots.sentNanos[second] = time;
    slots.flags[second] = flag;
    if ((flag & SACKED) != 0) {
      sackedSegments++;
    }
  }

  void markLost(int index) {
    int slot = slot(index);
    if ((slots.flags[slot] & (LOST | SACKED)) == 0) {
      slots.flags[slot] |= LOST;
      lostBytes += bytes(index);
      lostFrom = Math.min(lostFrom, index);
    }
  }

  /// Marks all that is not sacked as lost. When the first is sacked and yet not acknowledged the
  /// peer has thrown away what it said it had (RFC 2018 section 8): then all is lost.
  void markAllLost() {
    if (count > 0 && isSacked(0)) {
      for (int i = 0; i < count; i++) {
        slots.flags[slot(i)] &= ~SACKED;
      }
      sackedBytes = 0;
      sackedSegments = 0;
      slots.forgetBlocks();
    }
    for (int i = 0; i < count; i++) {
      markLost(i);
    }
  }

  /// A reduction was for nothing: what was thought lost is still on its way.
  void unmarkLost() {
    for (int i = lostFrom; i < count && lostBytes > 0; i++) {
      if (isLost(i)) {
        slots.flags[slot(i)] &= ~LOST;
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
    while (count > 0 && SequenceNumber.isAtOrBefore(slots.ends[head], ack)) {
      int bytes = slots.ends[head] - una;
      int flag = slots.flags[head];
      if ((flag & SACKED) != 0) {
        sackedBytes -= bytes;
        sackedSegments--;
      } else {
        delivered += bytes;
        report.onDelivered(
            slots.sentNanos[head], slots.ends[head], bytes, (flag & RETRANSMITTED) != 0);
      }
      if ((flag & LOST) != 0) {
        lostBytes -= bytes;
      }
      una = slots.ends[head];
      head = (head + 1) & (slots.count() - 1);
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
    int flag = slots.flags[head];
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
    giveBack();
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
      if ((slots.flags[slot] & LOST) != 0) {
        lostBytes -= bytes;
      }
      report.onDelivered(
          slots.sentNanos[slot], slots.ends[slot], bytes, (slots.flags[slot] & RETRANSMITTED) != 0);
      slots.flags[slot] = (byte) ((slots.flags[slot] & ~LOST) | SACKED);
      sackedBytes += bytes;
      sackedSegments++;
      delivered += bytes;
    }
    return delivered;
  }

  /// A block that has only grown at its end needs a look at its new part only.
  private int seenUpTo(int blockStart, int blockEnd) {
    for (int i = 0; i < FlightSlots.CACHED_BLOCKS; i++) {
      if (slots.cachedStart[i] == blockStart
          && slots.cachedEnd[i] != blockStart
          && SequenceNumber.isAtOrBefore(slots.cachedEnd[i], blockEnd)) {
        int seen = slots.cachedEnd[i];
        slots.cachedEnd[i] = blockEnd;
        return seen;
      }
    }
    System.arraycopy(slots.cachedStart, 0, slots.cachedStart, 1, FlightSlots.CACHED_BLOCKS - 1);
    System.arraycopy(slots.cachedEnd, 0, slots.cachedEnd, 1, FlightSlots.CACHED_BLOCKS - 1);
    slots.cachedStart[0] = blockStart;
    slots.cachedEnd[0] = blockEnd;
    return blockStart;
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
