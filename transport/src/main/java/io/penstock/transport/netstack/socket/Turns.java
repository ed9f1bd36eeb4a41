package io.penstock.transport.netstack.socket;

import io.penstock.protocol.Deadlines;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// Lets threads do the same thing one after the other: read, write, or accept.
///
/// A turn that is waited for counts against the time that the thread has for the whole, and as with
/// the JDK's sockets it is not given up when the thread is interrupted.
final class Turns {

  private final ReentrantLock lock = new ReentrantLock();

  /// Waits for the turn of the calling thread; false when the deadline came first.
  boolean take(long deadlineNanos) {
    if (deadlineNanos == Deadlines.NONE) {
      lock.lock();
      return true;
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          long left = deadlineNanos - System.nanoTime();
          return lock.tryLock(Math.max(0, left), TimeUnit.NANOSECONDS);
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  boolean tryTake() {
    return lock.tryLock();
  }

  void end() {
    lock.unlock();
  }
}
