package io.penstock.protocol.netstack.tcp;

/// The clock of all timestamps of a stack, in milliseconds (RFC 7323 section 5.4).
///
/// On the wire each connection adds a secret number, see [TcpSecrets#timestampOffset]; what echoes
/// is brought back to this clock where a segment comes in.
final class TimestampClock {

  private static final long NANOS_PER_TICK = 1_000_000L;

  private final long originNanos;

  TimestampClock(long originNanos) {
    this.originNanos = originNanos;
  }

  int at(long nowNanos) {
    return (int) ((nowNanos - originNanos) / NANOS_PER_TICK);
  }

  static long nanos(int ticks) {
    return ticks * NANOS_PER_TICK;
  }
}
