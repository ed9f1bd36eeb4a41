package io.penstock.protocol.kcp;

/// The smoothed round-trip time and the retransmission timeout that follows from it.
///
/// The estimate is that of RFC 6298 section 2, with KCP's flush interval in the place of the clock
/// granularity, because a peer may hold an acknowledgement back for that long.
final class RttEstimator {

  private static final long MILLI = 1_000_000L;

  /// KCP's timeout before anything was measured.
  private static final long INITIAL_RTO_NANOS = 200 * MILLI;

  /// KCP's floor, and the one of its `nodelay` mode.
  private static final long MIN_RTO_NANOS = 100 * MILLI;

  private static final long MIN_RTO_NODELAY_NANOS = 30 * MILLI;

  /// Deviates from KCP: its 60 s are longer than a silent peer lives here.
  private static final long MAX_RTO_NANOS = 5_000 * MILLI;

  private final long intervalNanos;
  private final long minRtoNanos;
  private final boolean nodelay;
  private long srttNanos;
  private long rttvarNanos;
  private long rtoNanos = INITIAL_RTO_NANOS;

  RttEstimator(KcpConfig config) {
    intervalNanos = config.intervalMillis() * MILLI;
    nodelay = config.nodelay();
    minRtoNanos = nodelay ? MIN_RTO_NODELAY_NANOS : MIN_RTO_NANOS;
  }

  /// Takes one measurement; a negative one cannot be and is ignored.
  void sample(long rttNanos) {
    if (rttNanos < 0) {
      return;
    }
    long rtt = Math.min(Math.max(rttNanos, 1), MAX_RTO_NANOS);
    if (srttNanos == 0) {
      srttNanos = rtt;
      rttvarNanos = rtt / 2;
    } else {
      rttvarNanos += (Math.abs(srttNanos - rtt) - rttvarNanos) / 4;
      srttNanos = Math.max(1, srttNanos + (rtt - srttNanos) / 8);
    }
    rtoNanos = clamp(srttNanos + Math.max(intervalNanos, 4 * rttvarNanos));
  }

  /// The timeout of a segment that is sent for the first time.
  long rtoNanos() {
    return rtoNanos;
  }

  /// The timeout that follows `expiredNanos` on the same segment: doubled, half as much more in
  /// `nodelay` mode.
  long backedOff(long expiredNanos) {
    return clamp(expiredNanos + (nodelay ? expiredNanos / 2 : expiredNanos));
  }

  /// The smoothed round-trip time, 0 before the first measurement.
  long srttNanos() {
    return srttNanos;
  }

  private long clamp(long nanos) {
    return Math.min(Math.max(nanos, minRtoNanos), MAX_RTO_NANOS);
  }
}
