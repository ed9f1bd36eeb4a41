package io.penstock.transport.relay;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.Deadlines;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One deadline that is moved often and seldom comes.
///
/// Moving it costs a store: a task that is scheduled too early finds nothing due and schedules
/// itself again. All methods run on the event loop.
public final class LazyTimer {

  private final EventExecutor loop;
  private final Runnable due;
  private long deadlineNanos = Deadlines.NONE;
  private long scheduledNanos = Deadlines.NONE;
  private @Nullable Future<?> task;

  public LazyTimer(EventExecutor loop, Runnable due) {
    this.loop = loop;
    this.due = due;
  }

  /// Calls back once, `delayNanos` from `nowNanos` on, unless the deadline is moved before.
  public void set(long nowNanos, long delayNanos) {
    deadlineNanos = Deadlines.after(nowNanos, delayNanos);
    if (task == null || deadlineNanos - scheduledNanos < 0) {
      schedule(nowNanos);
    }
  }

  /// Forgets the deadline.
  public void clear() {
    deadlineNanos = Deadlines.NONE;
  }

  /// Forgets the deadline and the task behind it, so that nothing holds the owner.
  public void stop() {
    clear();
    if (task != null) {
      task.cancel(false);
      task = null;
    }
  }

  private void schedule(long nowNanos) {
    if (task != null) {
      task.cancel(false);
    }
    scheduledNanos = deadlineNanos;
    long delay = Math.max(0, deadlineNanos - nowNanos);
    task = loop.schedule(this::fire, delay, TimeUnit.NANOSECONDS);
  }

  private void fire() {
    task = null;
    if (deadlineNanos == Deadlines.NONE) {
      return;
    }
    long now = System.nanoTime();
    if (Deadlines.isDue(deadlineNanos, now)) {
      deadlineNanos = Deadlines.NONE;
      due.run();
    } else {
      schedule(now);
    }
  }
}
