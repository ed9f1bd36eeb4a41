package io.penstock.node.retry;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/// The waits between two attempts: doubling up to a limit, each drawn from its upper half so that
/// many clients of one gateway do not come back at the same moment. Not thread-safe.
public final class Backoff {

  private final long leastNanos;
  private final long mostNanos;
  private final DoubleSupplier random;
  private long ceilingNanos;

  /// @param random gives numbers from 0 to below 1
  public Backoff(Duration least, Duration most, DoubleSupplier random) {
    this.leastNanos = least.toNanos();
    this.mostNanos = most.toNanos();
    this.random = random;
    this.ceilingNanos = leastNanos;
  }

  /// Returns how long to wait now, in nanoseconds, and makes the next wait longer.
  public long nextNanos() {
    long ceiling = ceilingNanos;
    ceilingNanos = ceiling > mostNanos / 2 ? mostNanos : ceiling * 2;
    return ceiling / 2 + (long) (random.getAsDouble() * (ceiling - ceiling / 2));
  }

  /// Starts small again.
  public void reset() {
    ceilingNanos = leastNanos;
  }
}
