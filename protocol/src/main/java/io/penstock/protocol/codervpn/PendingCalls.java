package io.penstock.protocol.codervpn;

import io.penstock.protocol.Deadlines;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The calls that wait for their replies: ids from 1, and until when each waits.
///
/// They are few, so the earliest deadline is looked for.
final class PendingCalls {

  private final int max;
  private final Map<Long, Long> deadlines = new LinkedHashMap<>();
  private long lastId;

  PendingCalls(int max) {
    this.max = max;
  }

  /// The id of the call that is added next.
  long nextId() {
    return lastId + 1;
  }

  boolean isFull() {
    return deadlines.size() >= max;
  }

  void add(long id, long deadlineNanos) {
    lastId = id;
    deadlines.put(id, deadlineNanos);
  }

  /// Forgets a call, and says whether it was waiting.
  boolean remove(long id) {
    return deadlines.remove(id) != null;
  }

  long nextDeadlineNanos() {
    long next = Deadlines.NONE;
    for (long deadline : deadlines.values()) {
      next = Deadlines.earlier(next, deadline);
    }
    return next;
  }

  /// Forgets the calls whose time is over, and returns them in the order in which they were made.
  List<Long> takeDue(long nowNanos) {
    List<Long> due = new ArrayList<>();
    deadlines.forEach(
        (id, deadline) -> {
          if (Deadlines.isDue(deadline, nowNanos)) {
            due.add(id);
          }
        });
    due.forEach(deadlines::remove);
    return due;
  }

  /// Forgets all calls, and returns them in the order in which they were made.
  List<Long> takeAll() {
    List<Long> all = List.copyOf(deadlines.keySet());
    deadlines.clear();
    return all;
  }
}
