package io.penstock.node;

import java.time.Duration;

/// The time in which all parts of a node have to end, one after the other. Safe for use by several
/// threads.
final class ClosingTime {

  /// What a part still gets after others have used everything up: enough for one that has nothing
  /// to wait for, also on a busy machine.
  private static final Duration MOMENT = Duration.ofMillis(100);

  private final long untilNanos;

  private ClosingTime(long untilNanos) {
    this.untilNanos = untilNanos;
  }

  /// Begins now.
  static ClosingTime of(Duration limit) {
    return new ClosingTime(System.nanoTime() + limit.toNanos());
  }

  /// What the next part may take.
  Duration left() {
    Duration left = Duration.ofNanos(untilNanos - System.nanoTime());
    return left.compareTo(MOMENT) < 0 ? MOMENT : left;
  }
}
