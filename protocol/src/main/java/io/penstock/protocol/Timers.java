package io.penstock.protocol;

import java.util.Arrays;

/// The deadlines of one engine, one for each constant of its enum of timers.
///
/// Not thread-safe, as the engine that owns it.
public final class Timers<E extends Enum<E>> {

  private final E[] all;
  private final long[] deadlines;

  /// @param all the constants of the enum, in their order
  public Timers(E[] all) {
    this.all = all;
    this.deadlines = new long[all.length];
    Arrays.fill(deadlines, Deadlines.NONE);
  }

  /// Sets the timer to come `delayNanos` after `nowNanos`, whatever it was set to.
  public void arm(E timer, long nowNanos, long delayNanos) {
    deadlines[place(timer)] = Deadlines.after(nowNanos, delayNanos);
  }

  public void disarm(E timer) {
    deadlines[place(timer)] = Deadlines.NONE;
  }

  public void disarmAll() {
    Arrays.fill(deadlines, Deadlines.NONE);
  }

  public boolean isArmed(E timer) {
    return deadlines[place(timer)] != Deadlines.NONE;
  }

  /// Disarms the timer if it is due, and says whether it was.
  public boolean fire(E timer, long nowNanos) {
    boolean due = Deadlines.isDue(deadlines[place(timer)], nowNanos);
    if (due) {
      disarm(timer);
    }
    return due;
  }

  /// The earliest deadline, or [Deadlines#NONE].
  public long next() {
    long next = Deadlines.NONE;
    for (E timer : all) {
      next = Deadlines.earlier(next, deadlines[place(timer)]);
    }
    return next;
  }

  @SuppressWarnings("EnumOrdinal") // deadlines by timer, without boxing; the order means nothing
  private static int place(Enum<?> timer) {
    return timer.ordinal();
  }
}
