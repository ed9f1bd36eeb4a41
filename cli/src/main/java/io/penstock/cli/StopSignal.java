package io.penstock.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jline.utils.Signals;

/// The user's or the system's wish that a command that serves should end.
///
/// The first Ctrl-C, SIGTERM or closed terminal asks the command to drain, each further one ends
/// the process at once, unless the command has something else done then. [#close()] gives the
/// signals back.
final class StopSignal implements AutoCloseable {

  private static final String[] SIGNALS = {"INT", "TERM", "HUP"};

  /// What shells report for a process that Ctrl-C ended.
  private static final int EXIT_AT_ONCE = 130;

  private final CountDownLatch asked = new CountDownLatch(1);
  private final Object[] previous = new Object[SIGNALS.length];

  private final Runnable again;

  private StopSignal(Runnable again) {
    this.again = again;
  }

  /// Takes the signals over.
  static StopSignal listen() {
    return listen(() -> Runtime.getRuntime().halt(EXIT_AT_ONCE));
  }

  /// Takes the signals over for a command that must not be ended halfway.
  ///
  /// @param again is done at each signal after the first
  static StopSignal listen(Runnable again) {
    StopSignal stop = new StopSignal(again);
    for (int i = 0; i < SIGNALS.length; i++) {
      stop.previous[i] = Signals.register(SIGNALS[i], stop::ask);
    }
    return stop;
  }

  private void ask() {
    if (asked.getCount() == 0) {
      again.run();
    }
    asked.countDown();
  }

  /// Waits until the end is asked for.
  void await() throws InterruptedException {
    asked.await();
  }

  /// Does this once the end is asked for, on a thread of its own, unless that is interrupted
  /// before.
  Thread whenAsked(Runnable action) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                await();
                action.run();
              } catch (InterruptedException _) {
                // The command has ended by itself.
              }
            });
  }

  /// Waits a while; returns whether the end was asked for.
  boolean await(Duration limit) throws InterruptedException {
    return asked.await(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    for (int i = 0; i < SIGNALS.length; i++) {
      Signals.unregister(SIGNALS[i], previous[i]);
    }
  }
}
