package io.penstock.protocol.netstack.tcp;

/// Spreads a congestion window over its round trip.
///
/// Twice the window per round trip in slow start, 1.2 times later, in bursts of at least ten
/// segments or one millisecond; a path so fast that a millisecond is the whole window is not paced.
final class Pacer {

  private static final long BURST_NANOS = 1_000_000L;
  private static final int BURST_SEGMENTS = 10;
  private static final int SLOW_START_PERCENT = 200;
  private static final int AVOIDANCE_PERCENT = 120;

  /// When the schedule reaches what was sent; bursts run ahead of the clock.
  private long scheduleNanos;

  private boolean started;

  /// When the next segment may go, at or before `nowNanos` for at once.
  long nextNanos(long nowNanos) {
    return started ? scheduleNanos : nowNanos;
  }

  boolean mayFollow(long nowNanos) {
    return !started || scheduleNanos - nowNanos <= 0;
  }

  void onSent(int bytes, CongestionControl congestion, RttEstimator rtt, int mss, long nowNanos) {
    long round = rtt.smoothedNanos();
    if (round == 0) {
      return;
    }
    int percent = congestion.inSlowStart() ? SLOW_START_PERCENT : AVOIDANCE_PERCENT;
    double bytesPerNano = (double) congestion.cwnd() * percent / 100 / round;
    double cost = bytes / bytesPerNano;
    double credit = Math.max(BURST_NANOS, BURST_SEGMENTS * mss / bytesPerNano);
    long earliest = nowNanos - (long) credit;
    if (!started || scheduleNanos - earliest < 0) {
      scheduleNanos = earliest;
      started = true;
    }
    scheduleNanos += (long) cost;
  }

  void reset() {
    started = false;
  }
}
