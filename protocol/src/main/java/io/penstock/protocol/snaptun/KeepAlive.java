package io.penstock.protocol.snaptun;

import io.penstock.protocol.Deadlines;

/// Says when a connection has been quiet for so long that something has to be sent over it.
///
/// Packets are counted elsewhere and not timed, so that a packet costs nothing here. Instead the
/// count is looked at [#LOOKS] times in an interval, and what moved it is taken to have travelled
/// right after the look before. So a keep-alive goes out no later than an interval after the last
/// packet, and no sooner than three quarters of one.
///
/// The owner looks whenever [#delayNanos] has passed.
final class KeepAlive {

  private static final int LOOKS = 4;

  private final long intervalNanos;
  private long quietSinceNanos;
  private long lookedNanos;
  private long packets;

  /// @param intervalNanos 0 for never
  KeepAlive(long intervalNanos) {
    this.intervalNanos = intervalNanos;
  }

  boolean isWanted() {
    return intervalNanos > 0;
  }

  /// Begins to count from now.
  void start(long packets, long nowNanos) {
    this.packets = packets;
    lookedNanos = nowNanos;
    quietSinceNanos = nowNanos;
  }

  /// Notes that something was sent for this purpose, or has come.
  void moved(long nowNanos) {
    quietSinceNanos = nowNanos;
  }

  /// Looks at how many packets have travelled so far, and says whether it has been quiet for an
  /// interval.
  boolean isDue(long packets, long nowNanos) {
    if (packets != this.packets) {
      this.packets = packets;
      if (lookedNanos - quietSinceNanos > 0) {
        quietSinceNanos = lookedNanos;
      }
    }
    lookedNanos = nowNanos;
    return Deadlines.isDue(dueNanos(), nowNanos);
  }

  /// How long it is until the next look.
  long delayNanos(long nowNanos) {
    long step = Math.max(1, intervalNanos / LOOKS);
    long left = dueNanos() - nowNanos;
    return left > 0 ? Math.min(step, left) : step;
  }

  private long dueNanos() {
    return Deadlines.after(quietSinceNanos, intervalNanos);
  }
}
