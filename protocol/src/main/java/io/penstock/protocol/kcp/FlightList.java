package io.penstock.protocol.kcp;

import org.jspecify.annotations.Nullable;

/// The segments that are in flight and not acknowledged, in order of their numbers.
///
/// One cursor can walk the list while segments leave it.
final class FlightList {

  private @Nullable OutSegment head;
  private @Nullable OutSegment tail;
  private @Nullable OutSegment cursor;
  private int size;

  @Nullable OutSegment head() {
    return head;
  }

  int size() {
    return size;
  }

  void append(OutSegment segment) {
    segment.previous = tail;
    segment.next = null;
    if (tail == null) {
      head = segment;
    } else {
      tail.next = segment;
    }
    tail = segment;
    size++;
  }

  void remove(OutSegment segment) {
    OutSegment before = segment.previous;
    OutSegment after = segment.next;
    if (cursor == segment) {
      cursor = after;
    }
    if (before == null) {
      head = after;
    } else {
      before.next = after;
    }
    if (after == null) {
      tail = before;
    } else {
      after.previous = before;
    }
    segment.previous = null;
    segment.next = null;
    size--;
  }

  /// Puts the cursor on the first segment.
  void rewind() {
    cursor = head;
  }

  /// The segment under the cursor, or null at the end.
  @Nullable OutSegment current() {
    return cursor;
  }

  void advance() {
    if (cursor != null) {
      cursor = cursor.next;
    }
  }
}
