package io.penstock.protocol.netstack.icmp;

import io.penstock.protocol.Bounds;
import java.util.random.RandomGenerator;

/// How many ICMP errors may still be sent in this tenth of a second.
///
/// The limit of each interval is drawn anew between the half and the whole of the configured one,
/// so that nobody can count from the errors that are missing how many were sent to others (the side
/// channel of CVE-2020-25705). One thread calls this, that of the stack.
public final class IcmpLimit {

  /// What Linux sends in all.
  public static final int DEFAULT_PER_SECOND = 1000;

  private static final long INTERVAL_NANOS = 100_000_000L;
  private static final int INTERVALS_PER_SECOND = 10;
  private static final int MAX_PER_SECOND = 10_000_000;

  private final int most;
  private final RandomGenerator random;
  private long intervalEndsNanos;
  private int left;
  private boolean begun;

  /// @param perSecond how many errors in a second at most, 0 for none at all
  public IcmpLimit(int perSecond, RandomGenerator random) {
    Bounds.require(
        perSecond == 0 || (perSecond >= INTERVALS_PER_SECOND && perSecond <= MAX_PER_SECOND),
        "icmp.errors_per_second",
        perSecond,
        "0 or " + INTERVALS_PER_SECOND + " to " + MAX_PER_SECOND);
    this.most = perSecond / INTERVALS_PER_SECOND;
    this.random = random;
  }

  /// Takes one, unless the limit is reached.
  public boolean take(long nowNanos) {
    if (most == 0) {
      return false;
    }
    if (!begun || nowNanos - intervalEndsNanos >= 0) {
      begun = true;
      intervalEndsNanos = nowNanos + INTERVAL_NANOS;
      int half = (most + 1) / 2;
      left = half + random.nextInt(most - half + 1);
    }
    if (left == 0) {
      return false;
    }
    left--;
    return true;
  }
}
