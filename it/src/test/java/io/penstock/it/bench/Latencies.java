package io.penstock.it.bench;

import java.util.Arrays;

/// Times of single events, as many as come. For one thread.
final class Latencies {

  private static final int FIRST_CAPACITY = 1 << 16;
  private static final double NANOS_PER_MICRO = 1000;

  private long[] nanos = new long[FIRST_CAPACITY];
  private int count;

  void add(long elapsedNanos) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = elapsedNanos;
  }

  int count() {
    return count;
  }

  /// The time in microseconds that so many of a hundred did not exceed; NaN when there are none.
  double micros(int percent) {
    if (count == 0) {
      return Double.NaN;
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return sorted[(count - 1) * percent / 100] / NANOS_PER_MICRO;
  }
}
