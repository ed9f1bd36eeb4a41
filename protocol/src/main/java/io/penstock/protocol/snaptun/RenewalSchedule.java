package io.penstock.protocol.snaptun;

/// Decides when a client renews its session next.
///
/// A session that lasts is renewed when three quarters of what remains have passed; one below the
/// threshold at once. A failure waits 3, 9, 27, 81 seconds; the fifth in a row is the last.
///
/// Deviates from the original: what was just renewed is not renewed at once again, however short it
/// lasts, where the original renews a short token in a loop without a pause; and a failure never
/// waits beyond the session's end while tries are left.
final class RenewalSchedule {

  private static final int MAX_FAILURES = 5;
  private static final long BACKOFF_BASE = 3;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /// The pause between two renewals of a session that is all but over.
  static final long MIN_PAUSE_NANOS = NANOS_PER_SECOND / 4;

  /// What is decided: when, or never again.
  sealed interface Next {
    record After(long nanos) implements Next {}

    record Never(RenewalEnd end) implements Next {}
  }

  private final long thresholdNanos;
  private int failures;

  RenewalSchedule(long thresholdNanos) {
    this.thresholdNanos = thresholdNanos;
  }

  /// The tunnel was established with a session that lasts so long; its token may be an old one.
  Next established(long remainingNanos) {
    return remainingNanos > 0 && remainingNanos < thresholdNanos
        ? new Next.After(0)
        : renewed(remainingNanos);
  }

  /// The session was renewed and now lasts so long.
  Next renewed(long remainingNanos) {
    failures = 0;
    return remainingNanos <= 0
        ? new Next.Never(RenewalEnd.SESSION_EXPIRED)
        : new Next.After(most(remainingNanos));
  }

  /// Renewing failed while the session lasts so long.
  Next failed(long remainingNanos) {
    failures++;
    if (failures >= MAX_FAILURES) {
      return new Next.Never(RenewalEnd.MAX_RETRIES_REACHED);
    }
    if (remainingNanos <= 0) {
      return new Next.Never(RenewalEnd.SESSION_EXPIRED);
    }
    long seconds = 1;
    for (int i = 0; i < failures; i++) {
      seconds *= BACKOFF_BASE;
    }
    return new Next.After(Math.min(seconds * NANOS_PER_SECOND, most(remainingNanos)));
  }

  /// How often renewing failed in a row.
  int failures() {
    return failures;
  }

  private static long most(long remainingNanos) {
    return Math.max(MIN_PAUSE_NANOS, remainingNanos / 4 * 3);
  }
}
