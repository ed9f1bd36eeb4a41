package io.penstock.protocol.netstack.tcp;

/// CUBIC: the window follows a cubic curve of the time since the last loss, flat where that loss
/// happened (RFC 9438).
///
/// ```
/// W_cubic(t) = C * (t - K)^3 + W_max        K = cbrt((W_max - cwnd_epoch) / C)
/// ```
///
/// Windows are in segments here, as in the RFC; times are seconds.
final class CubicAvoidance implements Avoidance {

  /// Section 5: "C SHOULD be set to 0.4".
  private static final double C = 0.4;

  /// Section 4.6: "beta_cubic SHOULD be set to 0.7".
  private static final double BETA = 0.7;

  /// Section 4.3: alpha_cubic that makes the friendly estimate as fast as Reno.
  private static final double ALPHA = 3 * (1 - BETA) / (1 + BETA);

  private static final double NANOS_PER_SECOND = 1e9;

  /// Beyond every window that can be offered.
  private static final int MAX_BYTES = 1 << 29;

  private double wMax;
  private double wEst;
  private double cwndPrior;
  private double k;
  private double origin;
  private double pending;
  private double wMaxBefore;
  private long epochNanos;
  private boolean inEpoch;

  @Override
  public int grow(int cwndBytes, int ackedBytes, int mss, RttEstimator rtt, long nowNanos) {
    double cwnd = (double) cwndBytes / mss;
    double acked = (double) ackedBytes / mss;
    if (!inEpoch) {
      startEpoch(cwnd, nowNanos);
    }
    double t = (nowNanos - epochNanos) / NANOS_PER_SECOND;
    // section 4.3; once the estimate has reached the window before the loss it grows like Reno
    wEst += (wEst >= cwndPrior ? 1 : ALPHA) * acked / cwnd;
    if (cubic(t) < wEst) {
      return toBytes(Math.max(cwnd, wEst), mss);
    }
    // section 4.4 and 4.5: approach the target of one round trip ahead, at most 1.5 times cwnd
    double target = cubic(t + rtt.smoothedNanos() / NANOS_PER_SECOND);
    target = Math.clamp(target, cwnd, 1.5 * cwnd);
    pending += (target - cwnd) / cwnd * acked;
    double grown = cwnd + pending;
    int bytes = toBytes(grown, mss);
    pending = grown - (double) bytes / mss;
    return Math.max(bytes, cwndBytes);
  }

  private void startEpoch(double cwnd, long nowNanos) {
    inEpoch = true;
    epochNanos = nowNanos;
    wEst = cwnd;
    pending = 0;
    if (cwnd < wMax) {
      k = Math.cbrt((wMax - cwnd) / C);
      origin = wMax;
    } else {
      // section 4.8: after slow start without a loss, "set W_max = cwnd" and K to 0
      k = 0;
      origin = cwnd;
    }
  }

  private double cubic(double t) {
    double d = t - k;
    return C * d * d * d + origin;
  }

  private static int toBytes(double segments, int mss) {
    return (int) Math.min(segments * mss, MAX_BYTES);
  }

  @Override
  public int reduce(int cwndBytes, int flightBytes, int mss, long nowNanos) {
    double cwnd = (double) cwndBytes / mss;
    wMaxBefore = wMax;
    // section 4.7, fast convergence: give way when there is less room than the last time
    wMax = cwnd < wMax ? cwnd * (1 + BETA) / 2 : cwnd;
    cwndPrior = cwnd;
    inEpoch = false;
    // section 4.6 allows cwnd in place of the flight where growth is held while it is not used
    int kept = (int) (Math.min(flightBytes, cwndBytes) * BETA);
    return Math.max(kept, 2 * mss);
  }

  @Override
  public void undo(int cwndBytes, long nowNanos) {
    wMax = wMaxBefore;
    inEpoch = false;
  }

  @Override
  public void restart() {
    inEpoch = false;
  }
}
