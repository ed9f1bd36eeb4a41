package io.penstock.protocol.snaptun;

/// Arithmetic on the Unix times at which sessions end, without overflow.
final class UnixTime {

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long MAX_MILLIS = 100L * 365 * 24 * 3600 * 1000;

  private UnixTime() {}

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
