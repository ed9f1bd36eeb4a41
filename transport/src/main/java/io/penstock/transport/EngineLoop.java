package io.penstock.transport;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.netty.util.concurrent.Ticker;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The one loop that runs an engine on a Netty event loop: output, events, deadline.
///
/// A driver calls [#run] after each batch of calls into the engine, or [#runSoon] when more calls
/// may follow in the same turn of the event loop. The loop lets the driver drain output and events
/// until neither moves, then arms one timer for the engine's next deadline. An engine that never
/// comes to rest yields to the other channels of the event loop after a number of rounds. A timer
/// that is already armed for an earlier time is left alone: it fires, finds nothing due and arms
/// itself again, so a deadline that is pushed back with every packet costs nothing per packet.
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

  /// Rounds of draining before the event loop serves its other channels: a round moves about a
  /// channel's write buffer, so this is about a megabyte.
  private static final int ROUNDS_PER_TURN = 16;

  private final EventLoop eventLoop;
  private final Engine engine;
  private final Driver driver;
  private final Runnable soonTask = this::runQueued;
  private @Nullable ScheduledFuture<?> timer;
  private long timerNanos = Deadlines.NONE;
  private Phase phase = Phase.IDLE;
  private boolean soonQueued;
  private boolean againAsked;

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

  /// The same by the clock of an event loop, which is another one only where somebody has given it
  /// one.
  public static long nowNanos(EventLoop eventLoop) {
    Ticker ticker = eventLoop.ticker();
    return ticker.initialNanoTime() + ticker.nanoTime();
  }

  /// Drains the engine and arms its timer; a call from within the drain makes the drain go on.
  public void run() {
    assert eventLoop.inEventLoop();
    if (phase != Phase.IDLE) {
      againAsked = true;
      return;
    }
    phase = Phase.RUNNING;
    try {
      drainRounds();
    } finally {
      if (phase == Phase.RUNNING) {
        phase = Phase.IDLE;
        arm();
      }
    }
  }

  /// Drains the engine at the end of this turn of the event loop, once for all who ask.
  public void runSoon() {
    assert eventLoop.inEventLoop();
    if (phase != Phase.IDLE) {
      againAsked = true;
    } else if (!soonQueued) {
      soonQueued = true;
      eventLoop.execute(soonTask);
    }
  }

  private void drainRounds() {
    boolean moved = true;
    for (int round = 0; moved && round < ROUNDS_PER_TURN; round++) {
      againAsked = false;
      moved = driver.drain() || againAsked;
      if (phase != Phase.RUNNING) {
        return;
      }
    }
    if (moved && !soonQueued) {
      // A task would run before the next look at the sockets; a timer that is due runs after it.
      soonQueued = true;
      var _ = eventLoop.schedule(soonTask, 0, TimeUnit.NANOSECONDS);
    }
  }

  private void runQueued() {
    soonQueued = false;
    run();
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
    long delay = Math.max(0, deadline - nowNanos(eventLoop));
    timer = eventLoop.schedule(this::fire, delay, TimeUnit.NANOSECONDS);
  }

  private void fire() {
    timer = null;
    timerNanos = Deadlines.NONE;
    if (phase == Phase.STOPPED) {
      return;
    }
    long now = nowNanos(eventLoop);
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
