package io.penstock.protocol.netstack.tcp;

/// RACK: a segment is lost when one that was sent sufficiently later has been delivered (RFC 8985
/// sections 5 and 6).
final class Rack {

  /// How many sacked segments prove a loss when no reordering was ever seen.
  static final int DUP_THRESH = 3;

  private static final int REO_WND_PERSIST = 16;
  private static final int MAX_REO_WND_MULT = 64;

  private boolean hasSegment;
  private long xmitNanos;
  private int endSeq;
  private long rttNanos;
  private boolean reorderingSeen;
  private boolean hasFack;
  private int fack;
  private byte reoWndMult = 1;
  private byte reoWndPersist;
  private boolean inDsackRound;
  private int dsackRound;

  /// Whether anything was delivered yet.
  boolean hasDelivered() {
    return hasFack;
  }

  /// The highest sequence number delivered, RACK.fack.
  int fack() {
    return fack;
  }

  /// A segment was delivered that others had overtaken; section 6.2, step 3.
  void onReordering() {
    reorderingSeen = true;
  }

  /// One segment was delivered; section 6.2, step 2.
  void onDelivered(long sentNanos, int end, long rtt) {
    if (!hasFack || SequenceNumber.isAfter(end, fack)) {
      hasFack = true;
      fack = end;
    }
    if (!hasSegment || isSentAfter(sentNanos, end, xmitNanos, endSeq)) {
      hasSegment = true;
      xmitNanos = sentNanos;
      endSeq = end;
      rttNanos = rtt;
    }
  }

  private static boolean isSentAfter(long sentA, int endA, long sentB, int endB) {
    return sentA - sentB > 0 || (sentA == sentB && SequenceNumber.isAfter(endA, endB));
  }

  /// The peer has got a segment twice: the reordering window was too small (section 6.2 step 4).
  void onDuplicateSack(int sndUna, int sndNxt) {
    if (inDsackRound && SequenceNumber.isBefore(sndUna, dsackRound)) {
      return;
    }
    inDsackRound = true;
    dsackRound = sndNxt;
    reoWndMult = (byte) Math.min(MAX_REO_WND_MULT, reoWndMult + 1);
    reoWndPersist = REO_WND_PERSIST;
  }

  void onRecoveryEnd() {
    if (reoWndPersist > 0 && --reoWndPersist == 0) {
      reoWndMult = 1;
    }
  }

  private long reorderingWindowNanos(Flight flight, boolean recovering, RttEstimator rtt) {
    if (!reorderingSeen && (recovering || flight.sackedSegments() >= DUP_THRESH)) {
      return 0;
    }
    return Math.min(reoWndMult * rtt.minNanos() / 4, rtt.smoothedNanos());
  }

  /// Marks what is lost (section 6.2 step 5).
  ///
  /// @return how long to wait before looking again, 0 when there is nothing to wait for
  long detect(Flight flight, boolean recovering, RttEstimator rtt, long now) {
    if (!hasSegment) {
      return 0;
    }
    long window = reorderingWindowNanos(flight, recovering, rtt);
    long wait = 0;
    int size = flight.size();
    for (int i = 0; i < size; i++) {
      if (flight.isSacked(i) || flight.isLost(i)) {
        continue;
      }
      long sent = flight.sentNanos(i);
      if (!isSentAfter(xmitNanos, endSeq, sent, flight.end(i))) {
        if (!flight.isRetransmitted(i)) {
          // Originals are in the order of their times, so none of those behind is older.
          break;
        }
        continue;
      }
      long remaining = sent + rttNanos + window - now;
      if (remaining <= 0) {
        flight.markLost(i);
      } else {
        wait = Math.max(wait, remaining);
      }
    }
    return wait;
  }
}
