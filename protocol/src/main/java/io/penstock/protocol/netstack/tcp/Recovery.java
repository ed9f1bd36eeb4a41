package io.penstock.protocol.netstack.tcp;

/// What a sender does about losses: when it repairs, how fast, and when it finds that it was wrong.
///
/// ```
///            loss found                        timer expired
///   OPEN ----------------> REPAIRING    any ----------------> TIMED_OUT
///     ^  all acknowledged       |                                 |
///     +-------------------------+---------------------------------+
/// ```
///
/// While repairing, proportional rate reduction (RFC 9937) decides how much may be sent for what
/// was delivered. Eifel detection (RFC 3522), duplicate SACKs (RFC 3708) and F-RTO (RFC 5682) find
/// out that nothing was lost; then the reduction is undone.
final class Recovery {

  enum Phase {
    OPEN,
    REPAIRING,
    TIMED_OUT
  }

  private final CongestionControl congestion;
  private final Rack rack;
  private Phase phase = Phase.OPEN;

  /// All was sent before this when the loss was found; its acknowledgment ends the recovery.
  private int recoverSeq;

  private int recoverFlightBytes;
  private int prrDeliveredBytes;
  private int prrOutBytes;
  private boolean undoable;
  private int retransmissions;
  private int firstRetransmissionStamp;
  private boolean hasMark;
  private int markSeq;

  Recovery(CongestionControl congestion, Rack rack) {
    this.congestion = congestion;
    this.rack = rack;
  }

  Phase phase() {
    return phase;
  }

  boolean isOpen() {
    return phase == Phase.OPEN;
  }

  /// A loss was found while nothing was repaired.
  ///
  /// @param reduce false when the loss says nothing of congestion
  void begin(Flight flight, int sndNxt, boolean reduce, long nowNanos) {
    phase = Phase.REPAIRING;
    recoverSeq = sndNxt;
    recoverFlightBytes = Math.max(1, flight.pipeBytes() + flight.lostBytes());
    prrDeliveredBytes = 0;
    prrOutBytes = 0;
    undoable = reduce;
    retransmissions = 0;
    if (reduce && !isReducedFor(flight.una())) {
      congestion.onCongestion(flight.outstandingBytes(), nowNanos);
    }
  }

  /// The retransmission timer expired.
  void timedOut(Flight flight, int sndNxt, long nowNanos) {
    boolean again = phase == Phase.TIMED_OUT && SequenceNumber.isBefore(flight.una(), recoverSeq);
    if (!again) {
      undoable = phase == Phase.OPEN;
      retransmissions = 0;
      recoverSeq = sndNxt;
    }
    congestion.onTimeout(flight.outstandingBytes(), again, nowNanos);
    phase = Phase.TIMED_OUT;
  }

  /// A segment is sent again.
  ///
  /// @param stamp the clock of timestamps
  void onRetransmit(int bytes, int stamp) {
    if (retransmissions++ == 0) {
      firstRetransmissionStamp = stamp;
    }
    prrOutBytes += bytes;
  }

  void onSendNew(int bytes) {
    if (phase == Phase.REPAIRING) {
      prrOutBytes += bytes;
    }
  }

  /// One acknowledgment came while repairing: sets the window and finds the end.
  ///
  /// @param progress whether it acknowledges something and shows no further loss ("SafeACK")
  void onAck(Flight flight, int deliveredBytes, boolean progress, int mss) {
    if (phase != Phase.OPEN && SequenceNumber.isAtOrAfter(flight.una(), recoverSeq)) {
      end();
      return;
    }
    if (phase != Phase.REPAIRING || congestion.isUnlimited()) {
      return;
    }
    prrDeliveredBytes += deliveredBytes;
    int pipe = flight.pipeBytes();
    int ssthresh = congestion.ssthresh();
    int allowed;
    if (pipe > ssthresh) {
      long share =
          ((long) prrDeliveredBytes * ssthresh + recoverFlightBytes - 1) / recoverFlightBytes;
      allowed = (int) share - prrOutBytes;
    } else {
      allowed = Math.max(prrDeliveredBytes - prrOutBytes, deliveredBytes);
      if (progress) {
        allowed += mss;
      }
      allowed = Math.min(ssthresh - pipe, allowed);
    }
    if (prrOutBytes == 0) {
      // the first retransmission goes out whatever the share is
      allowed = Math.max(allowed, mss);
    }
    congestion.setCwnd(pipe + Math.max(0, allowed));
  }

  private void end() {
    if (phase == Phase.REPAIRING) {
      congestion.setCwnd(Math.min(congestion.ssthresh(), Integer.MAX_VALUE / 4));
    }
    phase = Phase.OPEN;
    undoable = false;
    rack.onRecoveryEnd();
  }

  /// Eifel: the acknowledgment of the first segment that we sent again echoes a timestamp from
  /// before that, so it was for the original (RFC 3522 section 3.2).
  boolean isEchoOfOriginal(int echo) {
    return undoable
        && retransmissions > 0
        && SequenceNumber.isBefore(echo, firstRetransmissionStamp);
  }

  /// F-RTO: after a timeout something was delivered that we had not sent again (RFC 5682 section
  /// 3.1 step 3b).
  boolean isOriginalDeliveredAfterTimeout(AckReport report) {
    return undoable && phase == Phase.TIMED_OUT && report.isOriginalDelivered();
  }

  /// One of our retransmissions was not needed; true when that holds for all of them (RFC 3708).
  boolean onDuplicateSack() {
    return undoable && retransmissions > 0 && --retransmissions == 0;
  }

  /// Nothing was lost: the window is what it was.
  void undo(Flight flight, long nowNanos) {
    flight.unmarkLost();
    congestion.undo(nowNanos);
    phase = Phase.OPEN;
    undoable = false;
    rack.onRecoveryEnd();
  }

  /// The path marked a packet: lowers the window once for each flight (RFC 3168 section 6.1.2).
  ///
  /// @return whether it did, so that the next new segment says so
  boolean onCongestionMark(Flight flight, int sndNxt, long nowNanos) {
    if (phase != Phase.OPEN || isReducedFor(flight.una())) {
      return false;
    }
    congestion.onCongestion(flight.outstandingBytes(), nowNanos);
    hasMark = true;
    markSeq = sndNxt;
    return true;
  }

  private boolean isReducedFor(int sndUna) {
    if (hasMark && SequenceNumber.isBefore(sndUna, markSeq)) {
      return true;
    }
    hasMark = false;
    return false;
  }

  int recoverSeq() {
    return recoverSeq;
  }
}
