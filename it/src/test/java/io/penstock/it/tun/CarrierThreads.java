package io.penstock.it.tun;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/// Keeps the threads that carry virtual threads in the network namespace of the tests.
///
/// A thread is born into the namespace of the one that starts it. The JDK starts a carrier when a
/// virtual thread has something to do and there are too few, on the thread that woke it, and lets
/// it go when it was idle for half a minute. Started on a [NetworkThread], it would stay in that
/// one's namespace, and with it whatever blocks on virtual threads from then on, in all tests. So
/// all carriers are there before the first such thread, and get something to do again and again.
final class CarrierThreads {

  private static final int COUNT = Runtime.getRuntime().availableProcessors();
  private static final Duration INTERVAL = Duration.ofSeconds(5);

  /// On a machine that is busy not all run at once; the next turn may.
  private static final Duration MEETING = Duration.ofMillis(200);

  static {
    meet();
    Thread.ofPlatform().daemon().name("carrier-threads").start(CarrierThreads::run);
  }

  private CarrierThreads() {}

  /// Begins with that; only the first call does something.
  static void keep() {
    // The class is initialised by now.
  }

  private static void run() {
    try {
      while (true) {
        Thread.sleep(INTERVAL);
        meet();
      }
    } catch (InterruptedException _) {
      // The tests are over.
    }
  }

  /// Has as many virtual threads run at the same time as there can be, each of which takes a
  /// carrier.
  private static void meet() {
    AtomicInteger present = new AtomicInteger();
    long until = System.nanoTime() + MEETING.toNanos();
    for (int i = 0; i < COUNT; i++) {
      Thread.ofVirtual()
          .start(
              () -> {
                present.incrementAndGet();
                while (present.get() < COUNT && System.nanoTime() - until < 0) {
                  Thread.onSpinWait();
                }
              });
    }
    while (present.get() < COUNT && System.nanoTime() - until < 0) {
      Thread.onSpinWait();
    }
  }
}
