package io.penstock.protocol.netstack.tcp;

import org.jspecify.annotations.Nullable;

/// A congestion window that loss and ECN marks lower: slow start with HyStart++, then an
/// [Avoidance] (RFC 5681, 6928, 9406).
final class LossBasedWindow implements CongestionControl {

  private static final int UNSET = Integer.MAX_VALUE / 2;

  private final CongestionAlgorithm algorithm;
  private @Nullable Avoidance avoidance;
  private int mss;
  private int cwnd;
  private int ssthresh = UNSET;
  private int priorCwnd;
  private int priorSsthresh;

  /// Only the first slow start has one; later ones end at a known threshold.
  private @Nullable HyStart hyStart;

  /// @param algorithm what follows slow start, not [CongestionAlgorithm#OFF]
  LossBasedWindow(CongestionAlgorithm algorithm, int mssBytes) {
    this.algorithm = algorithm;
    mss = mssBytes;
    cwnd = initialWindow(mssBytes);
  }

  /// A connection that never left its first slow start has none.
  private Avoidance avoidance() {
    if (avoidance == null) {
      avoidance =
          switch (algorithm) {
            case CUBIC -> new CubicAvoidance();
            case NEW_RENO -> new RenoAvoidance();
            case OFF -> throw new IllegalStateException("no congestion control");
          };
    }
    return avoidance;
  }

  /// RFC 6928: "min (10*MSS, max (2*MSS, 14600))".
  static int initialWindow(int mssBytes) {
    return Math.min(10 * mssBytes, Math.max(2 * mssBytes, 14_600));
  }

  @Override
  public int cwnd() {
    return cwnd;
  }

  @Override
  public int ssthresh() {
    return ssthresh;
  }

  @Override
  public boolean inSlowStart() {
    return cwnd < ssthresh;
  }

  @Override
  public void onAcknowledged(int bytes, int sndUna, int sndNxt, RttEstimator rtt, long nowNanos) {
    int left = bytes;
    if (inSlowStart()) {
      left = slowStart(bytes, sndUna, sndNxt, rtt);
    }
    if (left > 0) {
      cwnd = avoidance().grow(cwnd, left, mss, rtt, nowNanos);
    }
  }

  /// Returns what was acknowledged beyond the threshold.
  private int slowStart(int bytes, int sndUna, int sndNxt, RttEstimator rtt) {
    if (ssthresh != UNSET) {
      int grown = Math.min(bytes, ssthresh - cwnd);
      cwnd += grown;
      return bytes - grown;
    }
    if (hyStart == null) {
      hyStart = new HyStart();
    }
    cwnd = Math.min(UNSET - 1, cwnd + hyStart.growth(bytes, mss, sndUna, sndNxt, rtt));
    if (hyStart.isDone()) {
      hyStart = null;
      ssthresh = cwnd;
      avoidance().restart();
    }
    return 0;
  }

  @Override
  public void onCongestion(int flightBytes, long nowNanos) {
    priorCwnd = cwnd;
    priorSsthresh = ssthresh;
    hyStart = null;
    ssthresh = avoidance().reduce(cwnd, flightBytes, mss, nowNanos);
    cwnd = Math.min(cwnd, ssthresh);
  }

  @Override
  public void onTimeout(int flightBytes, boolean again, long nowNanos) {
    if (!again) {
      onCongestion(flightBytes, nowNanos);
    }
    cwnd = mss;
    if (avoidance != null) {
      avoidance.restart();
    }
  }

  @Override
  public void setCwnd(int bytes) {
    cwnd = Math.max(mss, bytes);
  }

  @Override
  public void undo(long nowNanos) {
    cwnd = Math.max(cwnd, priorCwnd);
    ssthresh = Math.max(ssthresh, priorSsthresh);
    avoidance().undo(cwnd, nowNanos);
  }

  @Override
  public void onIdle(long nowNanos) {
    cwnd = Math.min(cwnd, initialWindow(mss));
    if (avoidance != null) {
      avoidance.restart();
    }
  }

  @Override
  public void setMss(int mssBytes) {
    boolean untouched = cwnd == initialWindow(mss);
    mss = mssBytes;
    cwnd = untouched ? initialWindow(mssBytes) : Math.max(cwnd, mssBytes);
  }

  @Override
  public boolean isUnlimited() {
    return false;
  }
}
