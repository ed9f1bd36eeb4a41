package io.penstock.gateway;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A value that is costly to make and may be a little old: it is made anew when it is asked for and
/// the last one is older than that.
///
/// Any thread may ask; one makes it while the others wait.
///
/// @param <T> what it is
final class Recent<T> {

  private final Supplier<T> source;
  private final long maxAgeNanos;
  private final LongSupplier nanoTime;
  private @Nullable T last;
  private long madeNanos;

  Recent(Supplier<T> source, Duration maxAge, LongSupplier nanoTime) {
    this.source = source;
    this.maxAgeNanos = maxAge.toNanos();
    this.nanoTime = nanoTime;
  }

  synchronized T get() {
    long now = nanoTime.getAsLong();
    T value = last;
    if (value == null || now - madeNanos > maxAgeNanos) {
      value = source.get();
      last = value;
      madeNanos = now;
    }
    return value;
  }
}
