package io.penstock.protocol.netstack.tcp;

/// How the congestion window grows once slow start is over, and how far a loss lowers it.
interface Avoidance {

  /// The window after `ackedBytes` more were acknowledged.
  int grow(int cwnd, int ackedBytes, int mss, RttEstimator rtt, long nowNanos);

  /// What remains of a flight, or of the window, after a loss: the new slow start threshold.
  int reduce(int cwnd, int flightBytes, int mss, long nowNanos);

  /// Takes the last [#reduce] back.
  void undo(int cwnd, long nowNanos);

  /// The window was set from outside, the connection was idle, or slow start has ended without a
  /// loss: growth starts anew from here.
  void restart();
}
