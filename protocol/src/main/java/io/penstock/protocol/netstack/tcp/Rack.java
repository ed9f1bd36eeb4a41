package io.penstock.protocol.netstack.tcp;

/// RACK: a segment is lost when one that was sent sufficiently later has been delivered (RFC 8985
/// sections 5 and 6).
///
/// It also gathers what one acknowledgment says about the segments that it newly covers; see
/// [#beginAck].
final class Rack {

  /// How many sacked segments prove a loss when no reordering was ever seen.
  static final int DUP_THRESH = 3;

  private static final int REO_WND_PERSIST = 16;
  private static final int MAX_REO_WND_MULT = 64;
  private static final long UNSET = Long.MIN_VALUE;

  private final TimestampClock clock;

  // what RACK remembers
  private boolean hasSegment;
  private long xmitNanos;
  private int endSeq;
  private long rttNanos;
  private boolean reorderingSeen;
  private boolean hasFack;
  private int fack;
  private int reoWndMult = 1;
  private int reoWndPersist;
  private boolean inDsackRound;
  private int dsackRound;

  // what the acknowledgment at hand says
  private long nowNanos;
  private boolean hasEcho;
  private int echo;
  private long minRttNanos;
  private long sampleSentNanos;
  private boolean originalDelivered;
  private boolean retransmissionDelivered;
  private boolean hadFackBefore;
  private int fackBefore;

  Rack(TimestampClock clock) {
    this.clock = clock;
  }

  /// Begins the look at one acknowledgment.
  ///
  /// @param hasEcho whether it echoes a timestamp, `echo`
  void beginAck(long now, boolean hasEchoedTimestamp, int echoedTimestamp, RttEstimator rtt) {
    nowNanos = now;
    hasEcho = hasEchoedTimestamp;
    echo = echoedTimestamp;
    minRttNanos = rtt.minNanos();
    sampleSentNanos = UNSET;
    originalDelivered = false;
    retransmissionDelivered = false;
    fackBefore = fack;
    hadFackBefore = hasFack;
  }

  /// One segment was delivered; sections 6.2, steps 2 and 3.
  void onDelivered(long sentNanos, int end, boolean retransmitted) {
    long rtt = nowNanos - sentNanos;
    if (!retransmitted) {
      originalDelivered = true;
      if (sampleSentNanos == UNSET || sentNanos - sampleSentNanos > 0) {
        sampleSentNanos = sentNanos;
      }
    } else {
      retransmissionDelivered = true;
      if (isOfEarlierTransmission(sentNanos, rtt)) {
        return;
      }
    }
    // One acknowledgment may tell of several segments in any order, so it is compared with those
    // before it.
    if (hadFackBefore && SequenceNumber.isBefore(end, fackBefore) && !retransmitted) {
      reorderingSeen = true;
    }
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

  private boolean isOfEarlierTransmission(long sentNanos, long rtt) {
    if (hasEcho && SequenceNumber.isBefore(echo, clock.at(sentNanos))) {
      return true;
    }
    return rtt < minRttNanos;
  }

  private static boolean isSentAfter(long sentA, int endA, long sentB, int endB) {
    return sentA - sentB > 0 || (sentA == sentB && SequenceNumber.isAfter(endA, endB));
  }

  /// The round trip of the last sent among the segments that this acknowledgment covers and that
  /// were sent only once (Karn's rule), -1 when there is none. What waited behind a segment that
  /// had to be sent again tells nothing of the path.
  long sampleNanos() {
    return sampleSentNanos == UNSET || retransmissionDelivered ? -1 : nowNanos - sampleSentNanos;
  }

  /// Whether this acknowledgment covers a segment that was never sent again.
  boolean isOriginalDelivered() {
    return originalDelivered;
  }

  /// The peer has got a segment twice: the reordering window was too small (section 6.2 step 4).
  void onDuplicateSack(int sndUna, int sndNxt) {
    if (inDsackRound && SequenceNumber.isBefore(sndUna, dsackRound)) {
      return;
    }
    inDsackRound = true;
    dsackRound = sndNxt;
    reoWndMult = Math.min(MAX_REO_WND_MULT, reoWndMult + 1);
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
