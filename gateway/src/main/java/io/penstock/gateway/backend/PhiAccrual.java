package io.penstock.gateway.backend;

/// A phi-accrual failure detector: how surprising the present silence of a peer is.
///
/// Phi is minus the decimal logarithm of the probability that a heartbeat comes after a silence as
/// long as this one, if intervals are normally distributed (Hayashibara et al., "The phi accrual
/// failure detector", 2004). At phi 8 the guess "it is gone" is wrong once in 10^8. The tail of the
/// distribution is computed by a logistic approximation, which is finite for every silence.
///
/// Three things keep it sane: a minimum deviation, as very regular heartbeats would otherwise make
/// a late one look impossible; an acceptable pause on top of the mean; and an interval assumed from
/// the configuration until two heartbeats have come, so that there is an answer from the start.
/// Time in which we did not read is handed in and does not count as silence.
///
/// Heartbeats come from one thread; [#phi] may be asked from any.
///
/// Deviates from the original: its detector has no minimum deviation, is not a number after one
/// interval, and its answer is only logged.
final class PhiAccrual {

  private static final double NANOS_PER_SECOND = 1e9;

  /// Above this exponent `1 + e^p` and `e^p` are the same number.
  private static final double LARGE_EXPONENT = 30;

  private final HealthConfig config;
  private final double[] intervals;
  private boolean heard;
  private int count;
  private int next;
  private volatile State state;

  /// What [#phi] reads, as one consistent whole.
  private record State(long lastNanos, long pausedNanos, double meanSeconds, double deviation) {}

  /// Starts the detector as if a heartbeat had come at `nowNanos`.
  ///
  /// @param pausedNanos how long we have not been reading in all, so far
  PhiAccrual(HealthConfig config, long nowNanos, long pausedNanos) {
    this.config = config;
    this.intervals = new double[config.window()];
    this.state = stateAt(nowNanos, pausedNanos);
  }

  /// Takes note of a heartbeat.
  void heartbeat(long nowNanos, long pausedNanos) {
    if (heard) {
      intervals[next] = silenceSeconds(state, nowNanos, pausedNanos);
      next = (next + 1) % intervals.length;
      count = Math.min(count + 1, intervals.length);
    }
    heard = true;
    state = stateAt(nowNanos, pausedNanos);
  }

  /// Computes the suspicion at `nowNanos`: 0 or more, finite, growing with the silence.
  double phi(long nowNanos, long pausedNanos) {
    State known = state;
    double silence = silenceSeconds(known, nowNanos, pausedNanos);
    double expected = known.meanSeconds + config.acceptablePause().toNanos() / NANOS_PER_SECOND;
    double y = (silence - expected) / known.deviation;
    double exponent = y * (1.5976 + 0.070566 * y * y);
    return exponent > LARGE_EXPONENT
        ? exponent / Math.log(10)
        : Math.log1p(Math.exp(exponent)) / Math.log(10);
  }

  private static double silenceSeconds(State since, long nowNanos, long pausedNanos) {
    long silence = (nowNanos - since.lastNanos) - (pausedNanos - since.pausedNanos);
    return Math.max(0, silence) / NANOS_PER_SECOND;
  }

  private State stateAt(long nowNanos, long pausedNanos) {
    double assumed = config.pingInterval().toNanos() / NANOS_PER_SECOND;
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += intervals[i];
    }
    double mean = count == 0 ? assumed : sum / count;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      squares += (intervals[i] - mean) * (intervals[i] - mean);
    }
    double deviation = count < 2 ? 0 : Math.sqrt(squares / (count - 1));
    double least = config.minimumDeviation().toNanos() / NANOS_PER_SECOND;
    return new State(nowNanos, pausedNanos, mean, Math.max(deviation, least));
  }
}
