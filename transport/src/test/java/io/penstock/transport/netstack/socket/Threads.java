package io.penstock.transport.netstack.socket;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The kind of thread on which a test blocks.
enum Threads {
  PLATFORM,
  VIRTUAL;

  /// What a thread of its own does.
  record Task<T>(FutureTask<T> result, Thread thread) {

    /// Shows that the thread goes on waiting.
    Task<T> assertWaits() {
      assertThatThrownBy(() -> result.get(200, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      return this;
    }

    T get() throws Exception {
      return result.get(60, TimeUnit.SECONDS);
    }

    /// What it failed with.
    Throwable failure() throws Exception {
      try {
        throw new AssertionError("no failure but " + get());
      } catch (ExecutionException e) {
        Throwable cause = e.getCause();
        return cause == null ? e : cause;
      }
    }
  }

  /// What may fail and returns nothing.
  interface Action {
    void run() throws Exception;
  }

  <T> Task<T> start(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread =
        this == VIRTUAL
            ? Thread.ofVirtual().unstarted(task)
            : Thread.ofPlatform().daemon().unstarted(task);
    thread.start();
    return new Task<>(task, thread);
  }

  Task<@Nullable Void> run(Action work) {
    return start(
        () -> {
          work.run();
          return null;
        });
  }
}
