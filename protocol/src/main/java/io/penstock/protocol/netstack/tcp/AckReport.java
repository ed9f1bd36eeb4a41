package io.penstock.protocol.netstack.tcp;

/// What one acknowledgment tells: which segments it newly covers, how long they took, and whether
/// they came twice. The stack has one, which [#begin] empties for the next acknowledgment.
final class AckReport {

  private static final long UNSET = Long.MIN_VALUE;

  private final TimestampClock clock;
  private Rack rack = new Rack();
  private long nowNanos;
  private boolean hasEcho;
  private int echo;
  private long minRttNanos;
  private long sampleSentNanos;
  private boolean originalDelivered;
  private boolean retransmissionDelivered;
  private boolean hadFack;
  private int fackBefore;

  /// Newly covered, selectively or not.
  int deliveredBytes;

  /// The longest segment among them.
  int longestBytes;

  /// Whether the first unacknowledged byte is another than before.
  boolean advanced;

  /// Whether it reports bytes that came twice (RFC 2883).
  boolean duplicateSack;

  AckReport(TimestampClock clock) {
    this.clock = clock;
  }

  /// Begins the look at one acknowledgment.
  ///
  /// @param hears what else is to be told of each segment
  /// @param hasEchoedTimestamp whether it echoes a timestamp
  void begin(
      Rack hears, boolean hasEchoedTimestamp, int echoedTimestamp, RttEstimator rtt, long now) {
    rack = hears;
    nowNanos = now;
    hasEcho = hasEchoedTimestamp;
    echo = echoedTimestamp;
    minRttNanos = rtt.minNanos();
    sampleSentNanos = UNSET;
    originalDelivered = false;
    retransmissionDelivered = false;
    deliveredBytes = 0;
    longestBytes = 0;
    advanced = false;
    duplicateSack = false;
    hadFack = rack.hasDelivered();
    fackBefore = rack.fack();
  }

  /// One segment was delivered.
  void onDelivered(long sentNanos, int end, int bytes, boolean retransmitted) {
    longestBytes = Math.max(longestBytes, bytes);
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
    if (hadFack && SequenceNumber.isBefore(end, fackBefore) && !retransmitted) {
      rack.onReordering();
    }
    rack.onDelivered(sentNanos, end, rtt);
  }

  /// Section 6.2 of RFC 8985, step 2.
  private boolean isOfEarlierTransmission(long sentNanos, long rtt) {
    if (hasEcho && SequenceNumber.isBefore(echo, clock.at(sentNanos))) {
      return true;
    }
    return rtt < minRttNanos;
  }

  /// The round trip that it measures, -1 when it measures none.
  ///
  /// That is the one of the last sent among the segments that were sent only once (Karn's rule);
  /// what waited behind a segment that had to be sent again tells nothing of the path. Else it is
  /// that of the echo, if the acknowledgment covers something new of which nothing came twice: then
  /// it would echo what came long before.
  long sampleNanos() {
    if (sampleSentNanos != UNSET && !retransmissionDelivered) {
      return nowNanos - sampleSentNanos;
    }
    if (advanced && !duplicateSack && hasEcho) {
      // RFC 7323 section 4.1: an echo is right even for what was sent again
      return TimestampClock.nanos(Math.max(0, clock.at(nowNanos) - echo));
    }
    return -1;
  }

  /// Whether it covers a segment that was never sent again.
  boolean isOriginalDelivered() {
    return originalDelivered;
  }

  boolean hasEcho() {
    return hasEcho;
  }

  /// What it echoes, on the clock of the stack.
  int echo() {
    return echo;
  }
}
