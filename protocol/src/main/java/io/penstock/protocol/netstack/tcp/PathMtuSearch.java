package io.penstock.protocol.netstack.tcp;

/// The search for the largest packet that a path carries, once it was found to carry less than the
/// link (RFC 4821 section 7): by halves, one segment as a probe at a time, whose loss says nothing
/// of congestion.
final class PathMtuSearch {

  /// Section 7.3 and RFC 8201: larger sizes are tried again after ten minutes.
  private static final long RAISE_AFTER_NANOS = 600_000_000_000L;

  /// A black hole that was only supposed is tested soon.
  private static final long DOUBT_NANOS = 1_000_000_000L;

  /// A search ends when it is this near.
  private static final int PRECISION_BYTES = 32;

  private static final int MAX_LOSSES = 2;

  /// What did not get through, 0 while nothing is known of.
  private int high;

  private int losses;

  /// The size that is probed, 0 when none is.
  private int probing;

  /// The segment that probes ends here, if it is out.
  private int probeEnd;

  /// What the path was thought to carry before a black hole was supposed, 0 when a router has said
  /// what it carries.
  private int suspectedMtu;

  private boolean out;
  private long raiseAtNanos;

  /// Segments have become smaller.
  ///
  /// @param known a router has said so
  void lowered(boolean known, long nowNanos) {
    probing = 0;
    losses = 0;
    raiseAtNanos = nowNanos + (known ? RAISE_AFTER_NANOS : DOUBT_NANOS);
    suspectedMtu = known ? 0 : suspectedMtu;
  }

  /// A black hole is supposed, and this is what swallows.
  void suspect(int mtu) {
    suspectedMtu = mtu;
  }

  /// 0 when a router has said what the path carries.
  int suspectedMtu() {
    return suspectedMtu;
  }

  /// What did not get through before may do so now.
  void widen() {
    high = 0;
  }

  boolean isDue(long nowNanos) {
    return probing == 0 && nowNanos - raiseAtNanos >= 0;
  }

  /// Begins the next probe.
  ///
  /// @return its size, 0 when there is nothing between what is known to pass and what is not
  int next(int pathMtu, int linkMtu) {
    int most = high == 0 ? linkMtu : Math.min(high, linkMtu);
    if (most - pathMtu >= PRECISION_BYTES) {
      probing = high == 0 ? most : (pathMtu + most + 1) / 2;
    }
    return probing;
  }

  /// Nothing is left to try for now.
  void rest(long nowNanos) {
    high = 0;
    raiseAtNanos = nowNanos + RAISE_AFTER_NANOS;
  }

  /// Whether all sizes up to the link's may get through.
  boolean isOpen(int linkMtu) {
    return high == 0 || high >= linkMtu;
  }

  void onSent(int end) {
    out = true;
    probeEnd = end;
  }

  boolean isOut() {
    return out;
  }

  /// An acknowledgment came while a probe is out.
  ///
  /// @return the size that has got through, 0 when it does not cover the probe
  int onAcknowledged(int ack) {
    if (SequenceNumber.isBefore(ack, probeEnd)) {
      return 0;
    }
    int delivered = probing;
    out = false;
    probing = 0;
    losses = 0;
    return delivered;
  }

  /// The probe, if it is out, counts as lost.
  void onOverdue(long nowNanos) {
    if (out) {
      out = false;
      onLost(nowNanos);
    }
  }

  /// The probe does not fit into what may be sent now: it is tried again later.
  void onPostponed() {
    probing = 0;
  }

  private void onLost(long nowNanos) {
    if (++losses >= MAX_LOSSES) {
      high = probing;
      losses = 0;
    }
    probing = 0;
    if (nowNanos - raiseAtNanos > 0) {
      raiseAtNanos = nowNanos;
    }
  }
}
