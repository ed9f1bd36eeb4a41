package io.penstock.protocol;

/// Arithmetic on deadlines given as nanoseconds of an arbitrary monotonic clock.
///
/// The clock may wrap, so two times are compared by the sign of their difference and never
/// directly.
public final class Deadlines {

  /// No deadline: the engine is idle and waits for input only.
  public static final long NONE = Long.MAX_VALUE;

  private Deadlines() {}

  /// Says whether `deadlineNanos` has come at `nowNanos`; [#NONE] never comes.
  public static boolean isDue(long deadlineNanos, long nowNanos) {
    return deadlineNanos != NONE && deadlineNanos - nowNanos <= 0;
  }

  /// Returns the earlier of two deadlines, either of which may be [#NONE].
  public static long earlier(long a, long b) {
    if (a == NONE) {
      return b;
    }
    if (b == NONE) {
      return a;
    }
    return a - b <= 0 ? a : b;
  }

  /// Returns the deadline `delayNanos` after `nowNanos`, never the value that stands for [#NONE].
  public static long after(long nowNanos, long delayNanos) {
    long deadline = nowNanos + delayNanos;
    return deadline == NONE ? NONE - 1 : deadline;
  }
}
