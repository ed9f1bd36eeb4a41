package io.penstock.transport;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The one loop that runs an engine on a Netty event loop: output, events, deadline.
///
/// A driver calls [#run] after each batch of calls into the engine. The loop lets the driver drain
/// output and events until neither moves, then arms one timer for the engine's next deadline. A
/// timer that is already armed for an earlier time is left alone: it fires, finds nothing due and
/// arms itself again, so a deadline that is pushed back with every packet costs nothing per packet.
///
/// All methods run on the event loop.
public final class EngineLoop {

  /// The driver's half of the loop.
  public interface Driver {

    /// Sends what the engine has to send and handles the events that it tells of.
    ///
    /// Returns whether anything moved, in which case it is called again.
    boolean drain();
  }

  private final EventLoop eventLoop;
  private final Engine engine;
  private final Driver driver;
  private @Nullable ScheduledFuture<?> timer;
  private long timerNanos = Deadlines.NONE;
  private Phase phase = Phase.IDLE;

  private enum Phase {
    IDLE,
    RUNNING,
    STOPPED
  }

  public EngineLoop(EventLoop eventLoop, Engine engine, Driver driver) {
    this.eventLoop = eventLoop;
    this.engine = engine;
    this.driver = driver;
  }

  /// The time that engines are given: nanoseconds of the JVM's monotonic clock.
  public static long nowNanos() {
    return System.nanoTime();
  }

  /// Drains the engine and arms its timer; a call from within the drain is absorbed by the outer
  /// one.
  public void run() {
    assert eventLoop.inEventLoop();
    if (phase != Phase.IDLE) {
      return;
    }
    phase = Phase.RUNNING;
    try {
      boolean moved;
      do {
        moved = driver.drain();
      } while (moved && phase == Phase.RUNNING);
    } finally {
      if (phase == Phase.RUNNING) {
        phase = Phase.IDLE;
        arm();
      }
    }
  }

  /// Ends the loop: no timer fires and nothing is drained after this. Safe to call repeatedly.
  public void stop() {
    assert eventLoop.inEventLoop();
    phase = Phase.STOPPED;
    cancelTimer();
  }

  private void arm() {
    long deadline = engine.nextDeadlineNanos();
    if (deadline == Deadlines.NONE) {
      return;
    }
    if (timer != null && timerNanos - deadline <= 0) {
      return;
    }
    cancelTimer();
    timerNanos = deadline;
    long delay = Math.max(0, deadline - nowNanos());
    timer = eventLoop.schedule(this::fire, delay, TimeUnit.NANOSECONDS);
  }

  private void fire() {
    timer = null;
    timerNanos = Deadlines.NONE;
    if (phase == Phase.STOPPED) {
      return;
    }
    long now = nowNanos();
    if (Deadlines.isDue(engine.nextDeadlineNanos(), now)) {
      engine.onDeadline(now);
      run();
    } else {
      arm();
    }
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
      timerNanos = Deadlines.NONE;
    }
  }
}
