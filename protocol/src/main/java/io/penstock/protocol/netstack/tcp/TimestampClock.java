package io.penstock.protocol.netstack.tcp;

/// The clock of a connection's timestamps: milliseconds from a secret place (RFC 7323 section 5.4).
///
/// The place is a keyed hash of both ends, so it tells nothing of other connections and goes on
/// where an earlier connection of the same ends was, which makes TIME-WAIT reusable (RFC 6191).
final class TimestampClock {

  private static final long NANOS_PER_TICK = 1_000_000L;

  private final long originNanos;
  private final int offset;

  TimestampClock(long originNanos, int offset) {
    this.originNanos = originNanos;
    this.offset = offset;
  }

  int at(long nowNanos) {
    return (int) ((nowNanos - originNanos) / NANOS_PER_TICK) + offset;
  }

  static long nanos(int ticks) {
    return ticks * NANOS_PER_TICK;
  }
}
