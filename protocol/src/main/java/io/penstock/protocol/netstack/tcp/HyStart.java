package io.penstock.protocol.netstack.tcp;

/// HyStart++: leaves slow start when round trips grow, before something is lost (RFC 9406).
final class HyStart {

  private static final long MIN_RTT_THRESH_NANOS = 4_000_000L;
  private static final long MAX_RTT_THRESH_NANOS = 16_000_000L;
  private static final int MIN_RTT_DIVISOR = 8;
  private static final int N_RTT_SAMPLE = 8;
  private static final int CSS_GROWTH_DIVISOR = 4;
  private static final int CSS_ROUNDS = 5;

  /// Section 4.2: an L of 8 for senders that do not pace; ours may or may not.
  private static final int L = 8;

  private enum Phase {
    SLOW_START,
    /// Conservative slow start: a quarter of the growth until it is sure that round trips grow.
    CONSERVATIVE,
    DONE
  }

  private Phase phase = Phase.SLOW_START;
  private int windowEnd;
  private boolean roundRunning;
  private long lastRoundMinNanos = Long.MAX_VALUE;
  private long roundMinNanos = Long.MAX_VALUE;
  private long cssBaselineMinNanos;
  private int samples;
  private int cssRounds;
  private int fraction;

  /// How many bytes the window grows by for `ackedBytes`.
  int growth(int ackedBytes, int mss, int sndUna, int sndNxt, RttEstimator rtt) {
    startRoundIfOver(sndUna, sndNxt);
    roundMinNanos = Math.min(roundMinNanos, rtt.latestNanos());
    samples++;
    examine();
    int grown = Math.min(ackedBytes, L * mss);
    if (phase == Phase.CONSERVATIVE) {
      fraction += grown;
      grown = fraction / CSS_GROWTH_DIVISOR;
      fraction -= grown * CSS_GROWTH_DIVISOR;
    }
    return grown;
  }

  private void startRoundIfOver(int sndUna, int sndNxt) {
    if (roundRunning && SequenceNumber.isBefore(sndUna, windowEnd)) {
      return;
    }
    if (roundRunning && phase == Phase.CONSERVATIVE && ++cssRounds >= CSS_ROUNDS) {
      phase = Phase.DONE;
    }
    roundRunning = true;
    windowEnd = sndNxt;
    lastRoundMinNanos = roundMinNanos;
    roundMinNanos = Long.MAX_VALUE;
    samples = 0;
  }

  private void examine() {
    if (samples < N_RTT_SAMPLE) {
      return;
    }
    if (phase == Phase.SLOW_START && lastRoundMinNanos != Long.MAX_VALUE) {
      long threshold =
          Math.clamp(
              lastRoundMinNanos / MIN_RTT_DIVISOR, MIN_RTT_THRESH_NANOS, MAX_RTT_THRESH_NANOS);
      if (roundMinNanos >= lastRoundMinNanos + threshold) {
        cssBaselineMinNanos = roundMinNanos;
        cssRounds = 0;
        phase = Phase.CONSERVATIVE;
      }
    } else if (phase == Phase.CONSERVATIVE && roundMinNanos < cssBaselineMinNanos) {
      // the growth of the round trip was a spurious one
      cssBaselineMinNanos = Long.MAX_VALUE;
      phase = Phase.SLOW_START;
    }
  }

  /// Slow start is over: the caller sets its threshold to its window.
  boolean isDone() {
    return phase == Phase.DONE;
  }
}
