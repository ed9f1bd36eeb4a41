package io.penstock.protocol.snaptun;

import io.penstock.protocol.Deadlines;
import java.util.Arrays;

/// The deadlines of one engine, by the ordinals of its enum of timers.
final class Timers<E extends Enum<E>> {

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long MAX_MILLIS = 100L * 365 * 24 * 3600 * 1000;

  private final E[] all;
  private final long[] deadlines;

  Timers(E[] all) {
    this.all = all;
    this.deadlines = new long[all.length];
    Arrays.fill(deadlines, Deadlines.NONE);
  }

  void arm(E timer, long nowNanos, long delayNanos) {
    deadlines[place(timer)] = Deadlines.after(nowNanos, delayNanos);
  }

  void disarm(E timer) {
    deadlines[place(timer)] = Deadlines.NONE;
  }

  void disarmAll() {
    Arrays.fill(deadlines, Deadlines.NONE);
  }

  boolean isArmed(E timer) {
    return deadlines[place(timer)] != Deadlines.NONE;
  }

  /// Disarms the timer if it is due, and says whether it was.
  boolean fire(E timer, long nowNanos) {
    boolean due = Deadlines.isDue(deadlines[place(timer)], nowNanos);
    if (due) {
      disarm(timer);
    }
    return due;
  }

  long next() {
    long next = Deadlines.NONE;
    for (E timer : all) {
      next = Deadlines.earlier(next, deadlines[place(timer)]);
    }
    return next;
  }

  @SuppressWarnings("EnumOrdinal") // deadlines by timer, without boxing; the order means nothing
  private static int place(Enum<?> timer) {
    return timer.ordinal();
  }

  /// How long it is until `thenMillis`, in nanoseconds, at most a hundred years and never negative.
  static long nanosUntil(long thenMillis, long nowMillis) {
    return Math.clamp(saturatedDifference(thenMillis, nowMillis), 0, MAX_MILLIS) * NANOS_PER_MILLI;
  }

  /// Unix seconds as milliseconds, those of a far future all the same.
  static long millis(long seconds) {
    long farthest = Long.MAX_VALUE / 1000;
    return (seconds < 0 || seconds > farthest ? farthest : seconds) * 1000;
  }

  private static long saturatedDifference(long a, long b) {
    try {
      return Math.subtractExact(a, b);
    } catch (ArithmeticException _) {
      return a > b ? Long.MAX_VALUE : Long.MIN_VALUE;
    }
  }
}
