package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;

/// The round-trip time of a connection and the retransmission timeout that follows from it (RFC
/// 6298), with the least round trip of the last minutes (RFC 8985 section 6.2).
final class RttEstimator {

  /// The clock's granularity G; samples are finer than this.
  private static final long GRANULARITY_NANOS = 1_000_000L;

  /// How long the least round trip is believed: paths change.
  private static final long MIN_RTT_WINDOW_NANOS = 300_000_000_000L;

  private static final int MAX_BACKOFF = 20;

  private final TcpConfig config;
  private long rtoNanos;
  private long smoothedNanos;
  private long variationNanos;
  private long latestNanos;
  private long minNanos = Long.MAX_VALUE;
  private long minAtNanos;
  private int backoff;

  RttEstimator(TcpConfig config) {
    this.config = config;
    rtoNanos = config.initialRtoNanos();
  }

  void sample(long rttNanos, long nowNanos) {
    long rtt = Math.max(1, rttNanos);
    latestNanos = rtt;
    if (smoothedNanos == 0) {
      smoothedNanos = rtt;
      variationNanos = rtt / 2;
    } else {
      // RFC 6298 section 2.3, alpha 1/8 and beta 1/4
      variationNanos += (Math.abs(smoothedNanos - rtt) - variationNanos) / 4;
      smoothedNanos += (rtt - smoothedNanos) / 8;
    }
    if (rtt <= minNanos || nowNanos - minAtNanos > MIN_RTT_WINDOW_NANOS) {
      minNanos = rtt;
      minAtNanos = nowNanos;
    }
    long rto = smoothedNanos + Math.max(GRANULARITY_NANOS, 4 * variationNanos);
    rtoNanos = Math.clamp(rto, config.minRtoNanos(), config.maxRtoNanos());
    backoff = 0;
  }

  /// What was sampled says nothing: nobody knows when the SYN was answered.
  void forget() {
    smoothedNanos = 0;
    variationNanos = 0;
    latestNanos = 0;
    minNanos = Long.MAX_VALUE;
    rtoNanos = config.initialRtoNanos();
  }

  boolean hasSample() {
    return smoothedNanos != 0;
  }

  /// The smoothed round-trip time, 0 before the first sample.
  long smoothedNanos() {
    return smoothedNanos;
  }

  long variationNanos() {
    return variationNanos;
  }

  /// The last sample, 0 before the first.
  long latestNanos() {
    return latestNanos;
  }

  /// The least sample of the last five minutes, 0 before the first.
  long minNanos() {
    return hasSample() ? minNanos : 0;
  }

  /// The timeout, doubled for each expiry since the last sample.
  long rtoNanos() {
    long backedOff = rtoNanos << backoff;
    return Math.min(config.maxRtoNanos(), backedOff);
  }

  /// The timeout without any doubling.
  long freshRtoNanos() {
    return rtoNanos;
  }

  long rtoDeadline(long nowNanos) {
    return Deadlines.after(nowNanos, rtoNanos());
  }

  void backOff() {
    if (backoff < MAX_BACKOFF && rtoNanos() < config.maxRtoNanos()) {
      backoff++;
    }
  }

  void resetBackoff() {
    backoff = 0;
  }

  /// How often the timeout has been doubled.
  int backoff() {
    return backoff;
  }

  /// RFC 6298 section 5.7: after a handshake whose SYN was lost the timeout begins at 3 s.
  void handshakeLostSyn(long rtoAfterLossNanos) {
    if (!hasSample()) {
      rtoNanos = rtoAfterLossNanos;
    }
    backoff = 0;
  }
}
