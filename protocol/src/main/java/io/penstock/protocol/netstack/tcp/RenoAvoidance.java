package io.penstock.protocol.netstack.tcp;

/// One segment more each round trip, half after a loss (RFC 5681 section 3.1).
final class RenoAvoidance implements Avoidance {

  private long ackedBytes;

  @Override
  public int grow(int cwnd, int acked, int mss, RttEstimator rtt, long nowNanos) {
    ackedBytes += acked;
    if (ackedBytes < cwnd) {
      return cwnd;
    }
    ackedBytes -= cwnd;
    return cwnd + mss;
  }

  @Override
  public int reduce(int cwnd, int flightBytes, int mss, long nowNanos) {
    ackedBytes = 0;
    // equation 4: ssthresh = max (FlightSize / 2, 2*SMSS)
    return Math.max(flightBytes / 2, 2 * mss);
  }

  @Override
  public void undo(int cwnd, long nowNanos) {
    ackedBytes = 0;
  }

  @Override
  public void restart() {
    ackedBytes = 0;
  }
}
