package io.penstock.protocol.netstack.tcp;

/// How many bytes may be in flight.
///
/// The sender tells it what was acknowledged and what got lost; loss recovery (RFC 9937) sets the
/// window directly while it repairs. All sizes are bytes.
interface CongestionControl {

  static CongestionControl of(CongestionAlgorithm algorithm, int mssBytes) {
    return switch (algorithm) {
      case OFF -> new UnlimitedWindow();
      case CUBIC, NEW_RENO -> new LossBasedWindow(algorithm, mssBytes);
    };
  }

  int cwnd();

  int ssthresh();

  boolean inSlowStart();

  /// Bytes were newly acknowledged while nothing was being repaired and the window was what held
  /// the sender back.
  ///
  /// @param sndUna the first unacknowledged byte now
  /// @param sndNxt the next byte to send
  void onAcknowledged(int bytes, int sndUna, int sndNxt, RttEstimator rtt, long nowNanos);

  /// Loss or a mark says that the path is full: lowers [#ssthresh] and the window. What it was is
  /// kept for [#undo].
  void onCongestion(int flightBytes, long nowNanos);

  /// The retransmission timer has expired: the window is one segment, [#ssthresh] is lowered unless
  /// the timer expires again for the same flight.
  void onTimeout(int flightBytes, boolean again, long nowNanos);

  /// Loss recovery says how much may be in flight now.
  void setCwnd(int bytes);

  /// The last reduction was for nothing: takes it back.
  void undo(long nowNanos);

  /// Nothing was sent for longer than a retransmission timeout (RFC 5681 section 4.1).
  void onIdle(long nowNanos);

  void setMss(int mssBytes);

  boolean isUnlimited();
}
