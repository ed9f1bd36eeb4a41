package io.penstock.protocol.kcp;

/// How many segments the network is trusted with, after Reno.
///
/// Slow start and congestion avoidance count acknowledged segments (RFC 3465) and grow only while
/// the window is the limit. One loss halves the window once per flight, as in RFC 6582; a timeout
/// starts again from one segment.
///
/// Deviates from kcp-go: it starts with one segment and a threshold of two and grows by one segment
/// for each datagram with an acknowledgement, however many segments that covers.
final class CongestionWindow {

  /// RFC 6928: ten segments are safe to start with.
  private static final int INITIAL_SEGMENTS = 10;

  private static final int MIN_SSTHRESH = 2;

  private enum State {
    OPEN,
    /// Segments that were in flight when a loss was seen are not all acknowledged yet.
    RECOVERY,
    /// The same after a timeout; the window grows from one segment meanwhile.
    LOSS
  }

  private final int maxSegments;
  private State state = State.OPEN;
  private int cwnd;
  private int ssthresh;
  private int ackedInAvoidance;
  private int recoverAt;

  CongestionWindow(int maxSegments) {
    this.maxSegments = maxSegments;
    cwnd = Math.min(INITIAL_SEGMENTS, maxSegments);
    ssthresh = maxSegments;
  }

  int segments() {
    return cwnd;
  }

  /// Counts segments acknowledged by one datagram, of `inFlight` that were out before.
  void onAcked(int acked, int inFlight, int sndUna) {
    if (state != State.OPEN && sndUna - recoverAt >= 0) {
      state = State.OPEN;
    }
    if (state == State.RECOVERY || inFlight < cwnd) {
      return;
    }
    if (cwnd < ssthresh) {
      cwnd = Math.min(cwnd + acked, Math.min(ssthresh, maxSegments));
      return;
    }
    ackedInAvoidance += acked;
    if (ackedInAvoidance >= cwnd) {
      ackedInAvoidance -= cwnd;
      cwnd = Math.min(cwnd + 1, maxSegments);
    }
  }

  /// Reacts to a segment that later ones have overtaken.
  void onOvertaken(int inFlight, int sndNxt) {
    if (state == State.OPEN) {
      state = State.RECOVERY;
      recoverAt = sndNxt;
      ssthresh = Math.max(inFlight / 2, MIN_SSTHRESH);
      cwnd = Math.min(ssthresh, maxSegments);
      ackedInAvoidance = 0;
    }
  }

  /// Reacts to a segment whose timeout has expired.
  void onTimeout(int sndNxt) {
    if (state != State.LOSS) {
      state = State.LOSS;
      recoverAt = sndNxt;
      ssthresh = Math.max(cwnd / 2, MIN_SSTHRESH);
      cwnd = 1;
      ackedInAvoidance = 0;
    }
  }
}
