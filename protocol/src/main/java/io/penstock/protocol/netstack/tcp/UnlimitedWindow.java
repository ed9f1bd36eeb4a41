package io.penstock.protocol.netstack.tcp;

/// No congestion control: the peer's window alone bounds what is in flight.
final class UnlimitedWindow implements CongestionControl {

  /// More than any window.
  private static final int UNLIMITED = Integer.MAX_VALUE / 2;

  @Override
  public int cwnd() {
    return UNLIMITED;
  }

  @Override
  public int ssthresh() {
    return UNLIMITED;
  }

  @Override
  public boolean inSlowStart() {
    return false;
  }

  @Override
  public void onAcknowledged(int bytes, int sndUna, int sndNxt, RttEstimator rtt, long nowNanos) {}

  @Override
  public void onCongestion(int flightBytes, long nowNanos) {}

  @Override
  public void onTimeout(int flightBytes, boolean again, long nowNanos) {}

  @Override
  public void setCwnd(int bytes) {}

  @Override
  public void undo(long nowNanos) {}

  @Override
  public void onIdle(long nowNanos) {}

  @Override
  public void setMss(int mssBytes) {}

  @Override
  public boolean isUnlimited() {
    return true;
  }
}
