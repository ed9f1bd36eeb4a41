package io.penstock.node.up;

import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices that the machine has slept and tells the tunnel, which then does not wait for its next
/// attempt to reach the gateway; one that still believes in its link finds out within the idle
/// timeout.
///
/// While a machine sleeps its time of day goes on and the clock that measures intervals does not
/// (clock_gettime(2), `CLOCK_MONOTONIC`).
final class SleepWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SleepWatch.class);

  private static final Duration INTERVAL = Duration.ofSeconds(5);

  /// A clock that is set is moved by less, or it does no harm.
  private static final Duration SLEEP = Duration.ofSeconds(10);

  private final TunnelRun tunnel;
  private final Thread thread;

  private SleepWatch(TunnelRun tunnel) {
    this.tunnel = tunnel;
    thread = Thread.ofVirtual().name("sleep-watch").unstarted(this::run);
  }

  static SleepWatch start(TunnelRun tunnel) {
    SleepWatch watch = new SleepWatch(tunnel);
    watch.thread.start();
    return watch;
  }

  /// Whether the machine has slept, by how far two clocks went.
  static boolean hasSlept(Duration timeOfDay, Duration awake) {
    return timeOfDay.minus(awake).compareTo(SLEEP) > 0;
  }

  private void run() {
    try {
      while (true) {
        long day = System.currentTimeMillis();
        long awake = System.nanoTime();
        Thread.sleep(INTERVAL);
        if (hasSlept(
            Duration.ofMillis(System.currentTimeMillis() - day),
            Duration.ofNanos(System.nanoTime() - awake))) {
          wake();
        }
      }
    } catch (InterruptedException _) {
      // The tunnel has ended.
    }
  }

  private void wake() throws InterruptedException {
    try {
      tunnel.wake();
    } catch (IOException e) {
      LOG.debug("the tunnel was not told that the machine has slept", e);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
