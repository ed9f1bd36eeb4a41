package io.penstock.transport.snaptun;

import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Asks one tunnel's supplier for tokens where it may block, once at a time.
///
/// A call that nobody waits for any more is interrupted; the next one begins when it has returned.
/// [#fetch] and [#cancel] are called on the tunnel's event loop. Results are told on whatever
/// thread they come about, always.
final class TokenFetch {

  private final TokenSupplier tokens;
  private final Executor blocking;
  private final ReentrantLock turn = new ReentrantLock();
  private @Nullable FutureTask<?> running;

  TokenFetch(TokenSupplier tokens, Executor blocking) {
    this.tokens = tokens;
    this.blocking = blocking;
  }

  void fetch(Consumer<String> fetched, Consumer<String> failed) {
    cancel();
    FutureTask<?> task = new FutureTask<>(() -> run(fetched, failed), null);
    running = task;
    try {
      blocking.execute(task);
    } catch (RejectedExecutionException _) {
      failed.accept("shutting down");
    }
  }

  /// Interrupts the call that is under way, if there is one.
  void cancel() {
    FutureTask<?> task = running;
    running = null;
    if (task != null) {
      task.cancel(true);
    }
  }

  // The supplier is the owner's code, and what it throws is one failed renewal.
  private void run(Consumer<String> fetched, Consumer<String> failed) {
    String token;
    try {
      turn.lockInterruptibly();
      try {
        token = tokens.token();
      } finally {
        turn.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failed.accept("interrupted");
      return;
    } catch (Exception e) {
      failed.accept(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
      return;
    }
    fetched.accept(token);
  }
}
