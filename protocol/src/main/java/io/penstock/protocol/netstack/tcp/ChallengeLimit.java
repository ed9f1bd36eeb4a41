package io.penstock.protocol.netstack.tcp;

/// How often one connection answers segments that may be forged (RFC 5961 section 7).
///
/// Each connection has its own: a limit that connections share lets an attacker count the answers
/// on his own to learn whether he hit another's sequence numbers (CVE-2016-5696).
final class ChallengeLimit {

  private static final long INTERVAL_NANOS = 1_000_000_000L;
  private static final int ANSWERS = 10;

  private long intervalEndNanos;
  private int left;
  private boolean running;

  boolean allows(long nowNanos) {
    if (!running || nowNanos - intervalEndNanos >= 0) {
      running = true;
      intervalEndNanos = nowNanos + INTERVAL_NANOS;
      left = ANSWERS;
    }
    if (left == 0) {
      return false;
    }
    left--;
    return true;
  }
}
