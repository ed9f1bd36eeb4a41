package io.penstock.node.tunnel;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Asks code of the node's owner, which may take its time, never return, or ignore that it is
/// interrupted.
///
/// Each question has a virtual thread of its own, so that whoever asks is free again when the limit
/// is over; then that thread is interrupted. There is never more than one: who asks meanwhile waits
/// for his turn, and while an answer is overdue nothing else is asked. Any thread may ask.
final class OwnerCall {

  private record Question(Thread thread, long sinceNanos) {}

  private final Duration limit;

  // Guarded by this.
  private @Nullable Question current;
  private boolean closed;

  /// @param limit for each answer, from the call of [#ask] on
  OwnerCall(Duration limit) {
    this.limit = limit;
  }

  /// Asks and blocks until there is an answer.
  ///
  /// @param whom is asked, for messages
  /// @throws IOException what the owner's code throws, or that it did not answer in time, or did
  ///   not before and is still at it
  <T> T ask(String whom, Callable<T> question) throws IOException {
    long until = System.nanoTime() + limit.toNanos();
    CompletableFuture<T> answer = new CompletableFuture<>();
    try {
      Thread thread = begin(whom, () -> answer(question, answer), until);
      try {
        return answer.get(until - System.nanoTime(), TimeUnit.NANOSECONDS);
      } finally {
        thread.interrupt();
      }
    } catch (TimeoutException e) {
      throw new IOException(
          "%s did not answer within %d ms (answer_limit); see what it waits for"
              .formatted(whom, limit.toMillis()),
          e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for " + whom);
    } catch (ExecutionException e) {
      throw thrown(whom, e.getCause());
    }
  }

  private static <T> void answer(Callable<T> question, CompletableFuture<T> answer) {
    try {
      answer.complete(question.call());
    } catch (Throwable e) { // Whatever it is, it is the answer.
      answer.completeExceptionally(e);
    }
  }

  private static IOException thrown(String whom, @Nullable Throwable cause) {
    if (cause instanceof IOException e) {
      return e;
    }
    if (cause instanceof RuntimeException e) {
      throw e;
    }
    return new IOException(whom + " failed: " + cause, cause);
  }

  /// Starts a thread when the one before has ended.
  private synchronized Thread begin(String whom, Runnable task, long until)
      throws IOException, InterruptedException {
    Question before = current;
    while (!closed && before != null) {
      long left = Math.min(until, before.sinceNanos() + limit.toNanos()) - System.nanoTime();
      if (left <= 0) {
        throw new IOException(
            "%s was asked %d ms ago, has not answered since, and is not asked again before it does"
                .formatted(whom, Duration.ofNanos(age(before)).toMillis()));
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
      before = current;
    }
    if (closed) {
      throw new IOException("the tunnel was closed");
    }
    Thread thread =
        Thread.ofVirtual()
            .name(Thread.currentThread().getName() + "-asks")
            .unstarted(
                () -> {
                  task.run();
                  ended();
                });
    current = new Question(thread, System.nanoTime());
    thread.start();
    return thread;
  }

  private static long age(Question question) {
    return System.nanoTime() - question.sinceNanos();
  }

  private synchronized void ended() {
    current = null;
    notifyAll();
  }

  /// Ends the asking: interrupts whoever is asked and waits for him.
  ///
  /// @return the thread that has not ended by then, which nobody can end but its own code
  synchronized Optional<Thread> close(Duration wait) throws InterruptedException {
    closed = true;
    notifyAll();
    long until = System.nanoTime() + wait.toNanos();
    long left = wait.toNanos();
    if (current != null) {
      current.thread().interrupt();
    }
    while (current != null && left > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - System.nanoTime();
    }
    return Optional.ofNullable(current).map(Question::thread);
  }
}
