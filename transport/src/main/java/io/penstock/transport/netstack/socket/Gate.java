package io.penstock.transport.netstack.socket;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.Deadlines;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Where a thread waits for something that an event loop does; nowhere else does a thread wait for
/// one.
///
/// One thread waits at a time, a virtual one or one of the platform; where more may come they hold
/// a lock for it. The condition is looked at after the thread has made itself known, and again
/// after each [#open], so what was done before [#open] is never missed. Whoever opens neither
/// blocks nor allocates.
final class Gate {

  private final BooleanSupplier onEventLoop;
  private volatile @Nullable Thread waiting;

  /// @param onEventLoop says whether the caller is the event loop, which must never wait
  Gate(BooleanSupplier onEventLoop) {
    this.onEventLoop = onEventLoop;
  }

  /// The deadline of somebody who may wait that long from now; 0 stands for ever.
  static long deadlineNanos(int timeoutMillis) {
    return timeoutMillis == 0
        ? Deadlines.NONE
        : Deadlines.after(System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
  }

  /// Waits for the event loop to do what it was asked for, which it does at once.
  static void await(EventExecutor loop, Future<?> done) throws IOException {
    Gate gate = new Gate(loop::inEventLoop);
    done.addListener(_ -> gate.open());
    gate.awaitUninterruptibly(done::isDone, Deadlines.NONE);
    if (!done.isSuccess()) {
      throw Failures.of(done.cause());
    }
  }

  /// Lets whoever waits look at the condition again. Any thread.
  void open() {
    Thread thread = waiting;
    if (thread != null) {
      LockSupport.unpark(thread);
    }
  }

  /// Waits until a condition holds.
  ///
  /// As with the JDK's sockets, a virtual thread that is interrupted stops to wait, and a thread of
  /// the platform does not notice.
  ///
  /// @param deadlineNanos of `System.nanoTime`, or [Deadlines#NONE]
  /// @return false when the deadline came first
  /// @throws InterruptedIOException when a virtual thread is interrupted, and still is
  /// @throws IllegalStateException on the event loop itself
  boolean await(BooleanSupplier condition, long deadlineNanos) throws InterruptedIOException {
    boolean met = await(condition, deadlineNanos, Thread.currentThread().isVirtual());
    if (!met && Thread.currentThread().isVirtual() && Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException();
    }
    return met;
  }

  /// The same, not noticing interrupts on any thread: for what the event loop does at once.
  boolean awaitUninterruptibly(BooleanSupplier condition, long deadlineNanos) {
    return await(condition, deadlineNanos, false);
  }

  private boolean await(BooleanSupplier condition, long deadlineNanos, boolean interruptible) {
    if (condition.getAsBoolean()) {
      return true;
    }
    if (onEventLoop.getAsBoolean()) {
      throw new IllegalStateException(
          "this call waits for the event loop and was made on it; make it on another thread");
    }
    Thread self = Thread.currentThread();
    boolean interrupted = false;
    waiting = self;
    try {
      while (!condition.getAsBoolean()) {
        if (interruptible && self.isInterrupted()) {
          return false;
        }
        // Else an interrupted thread would not sleep at all.
        interrupted |= !interruptible && Thread.interrupted();
        if (!park(deadlineNanos)) {
          return condition.getAsBoolean();
        }
      }
      return true;
    } finally {
      waiting = null;
      if (interrupted) {
        self.interrupt();
      }
    }
  }

  /// Sleeps until somebody opens, or for no reason; false when the deadline has come.
  private boolean park(long deadlineNanos) {
    if (deadlineNanos == Deadlines.NONE) {
      LockSupport.park(this);
      return true;
    }
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
      return false;
    }
    LockSupport.parkNanos(this, left);
    return true;
  }
}
