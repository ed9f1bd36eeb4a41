package io.penstock.transport.snaptun;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/// Asks a supplier for tokens where it may block; results are told on whatever thread they come
/// about, always.
record TokenFetch(TokenSupplier tokens, Executor blocking) {

  // The supplier is the owner's code, and what it throws is one failed renewal.
  void fetch(Consumer<String> fetched, Consumer<String> failed) {
    try {
      blocking.execute(
          () -> {
            String token;
            try {
              token = tokens.token();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
              failed.accept("interrupted");
              return;
            } catch (Exception e) {
              failed.accept(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
              return;
            }
            fetched.accept(token);
          });
    } catch (RejectedExecutionException _) {
      failed.accept("shutting down");
    }
  }
}
