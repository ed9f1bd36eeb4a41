package io.penstock.protocol.netstack.tcp;

/// What the path lets a connection send: as much as the congestion window, and when it is paced, no
/// faster than the window in a round trip.
///
/// The pace is twice the window per round trip in slow start, 1.2 times later, in bursts of at
/// least ten segments or one millisecond; a path so fast that a millisecond is the whole window is
/// not paced.
final class SendQuota {

  private static final long BURST_NANOS = 1_000_000L;
  private static final int BURST_SEGMENTS = 10;
  private static final int SLOW_START_PERCENT = 200;
  private static final int AVOIDANCE_PERCENT = 120;

  private final CongestionControl congestion;
  private final RttEstimator rtt;
  private final boolean paced;

  /// When the schedule reaches what was sent; bursts run ahead of the clock.
  private long scheduleNanos;

  private long lastSentNanos;
  private boolean scheduled;

  /// Something waits for the window.
  private boolean held;

  /// The next new segment says that the window was lowered.
  private boolean reduced;

  SendQuota(CongestionControl congestion, RttEstimator rtt, boolean pacing) {
    this.congestion = congestion;
    this.rtt = rtt;
    paced = pacing && !congestion.isUnlimited();
  }

  CongestionControl congestion() {
    return congestion;
  }

  // ---- the pace ----

  /// Whether the pace allows a segment now; else the timer is set to when it does.
  boolean paceAllows(TcpTimer.Table timers, long nowNanos) {
    if (!scheduled || scheduleNanos - nowNanos <= 0) {
      return true;
    }
    timers.set(TcpTimer.PACING, scheduleNanos);
    return false;
  }

  /// A segment went out.
  void onSent(int bytes, int mss, long nowNanos) {
    lastSentNanos = nowNanos;
    long round = rtt.smoothedNanos();
    if (!paced || round == 0) {
      return;
    }
    int percent = congestion.inSlowStart() ? SLOW_START_PERCENT : AVOIDANCE_PERCENT;
    double bytesPerNano = (double) congestion.cwnd() * percent / 100 / round;
    double cost = bytes / bytesPerNano;
    double credit = Math.max(BURST_NANOS, BURST_SEGMENTS * mss / bytesPerNano);
    long earliest = nowNanos - (long) credit;
    if (!scheduled || scheduleNanos - earliest < 0) {
      scheduleNanos = earliest;
      scheduled = true;
    }
    scheduleNanos += (long) cost;
  }

  void resetPace() {
    scheduled = false;
  }

  /// Something goes out while nothing is in flight (RFC 5681 section 4.1).
  void restartAfterIdle(long nowNanos) {
    if (lastSentNanos != 0 && nowNanos - lastSentNanos > rtt.rtoNanos()) {
      congestion.onIdle(nowNanos);
      resetPace();
    }
  }

  // ---- the window ----

  void setHeld(boolean value) {
    held = value;
  }

  /// Whether the window was what held the sender back, so that it may grow.
  boolean takeLimited(int pipeBefore, int mss) {
    if (held) {
      held = false;
      return true;
    }
    int cwnd = congestion.cwnd();
    return congestion.inSlowStart() ? cwnd < 2 * pipeBefore : cwnd <= pipeBefore + mss;
  }

  /// A mark of the path has lowered the window, which the peer is to know (RFC 3168).
  void onReduced() {
    reduced = true;
  }

  /// Whether the next new segment says that the window was lowered; asked once.
  boolean takeReduced() {
    boolean taken = reduced;
    reduced = false;
    return taken;
  }
}
