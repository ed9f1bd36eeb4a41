package io.penstock.protocol.netstack.tcp;

/// A loss probe that is out: the tail of a flight was silent, so a segment was sent to call forth
/// an acknowledgment (RFC 8985 section 7).
///
/// @param end what was sent when it went out; the acknowledgment of all that ends the probe
/// @param again it carried the last segment again, and no new bytes
record TailLossProbe(int end, boolean again) {

  /// Section 7.2: what a peer may delay its acknowledgment by when one segment is out.
  private static final long PEER_MAX_ACK_DELAY_NANOS = 200_000_000L;

  private static final long WITHOUT_RTT_NANOS = 1_000_000_000L;

  /// Section 7.2: how long after the last segment a probe is due, before the retransmission timer
  /// that it postpones.
  static long timeoutNanos(RttEstimator rtt, Flight flight) {
    if (!rtt.hasSample()) {
      return WITHOUT_RTT_NANOS;
    }
    long timeout = 2 * rtt.smoothedNanos();
    return flight.size() == 1 ? timeout + PEER_MAX_ACK_DELAY_NANOS : timeout;
  }

  /// Whether an acknowledgment ends it.
  boolean isEndedBy(int ack) {
    return SequenceNumber.isAtOrAfter(ack, end);
  }

  /// Section 7.4.2: whether the acknowledgment that ends it shows that the probe repaired a loss
  /// that nothing else will tell of.
  boolean hasRepaired(int ack, boolean duplicateSack) {
    return again && !duplicateSack && SequenceNumber.isAfter(ack, end);
  }
}
