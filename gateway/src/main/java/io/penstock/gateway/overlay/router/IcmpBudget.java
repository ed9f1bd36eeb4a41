package io.penstock.gateway.overlay.router;

import java.util.concurrent.atomic.AtomicLong;

/// How many ICMP errors may still be sent in this tenth of a second.
///
/// The limit of an interval is drawn anew between the half and the whole of the configured one, so
/// that nobody can learn from the errors that are missing how many the router sent to others (the
/// side channel of CVE-2020-25705). Any thread may ask; a refusal writes nothing.
///
/// ```
/// state: | number of the interval, 32 bits | errors sent in it, 32 bits |
/// ```
final class IcmpBudget {

  private static final long INTERVAL_NANOS = 100_000_000L;
  private static final int INTERVALS_PER_SECOND = 10;
  private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

  private final int perSecond;
  private final long secret;
  private final AtomicLong state = new AtomicLong();

  IcmpBudget(int perSecond, long secret) {
    this.perSecond = perSecond;
    this.secret = secret;
  }

  /// Takes one, unless the limit is reached.
  boolean take(long nowNanos) {
    int interval = interval(nowNanos);
    while (true) {
      long current = state.get();
      int sent = (int) (current >>> 32) == interval ? (int) current : 0;
      if (sent >= limit(interval)) {
        return false;
      }
      long next = (long) interval << 32 | (sent + 1);
      if (state.compareAndSet(current, next)) {
        return true;
      }
    }
  }

  private static int interval(long nowNanos) {
    return (int) Math.floorDiv(nowNanos, INTERVAL_NANOS);
  }

  private int limit(int interval) {
    if (perSecond == 0) {
      return 0;
    }
    int whole = Math.max(1, perSecond / INTERVALS_PER_SECOND);
    int half = (whole + 1) / 2;
    long drawn = (interval * MIX ^ secret) * MIX;
    return half + (int) ((drawn >>> 33) % (whole - half + 1));
  }
}
