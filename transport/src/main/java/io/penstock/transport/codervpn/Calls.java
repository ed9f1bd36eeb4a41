package io.penstock.transport.codervpn;

import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// Waiting for calls, for callers that may block.
public final class Calls {

  private Calls() {}

  /// Waits until the call has ended, which it does within its limit.
  ///
  /// @throws CallFailedException when it has failed
  /// @throws InterruptedException when the caller is interrupted; the call is then cancelled
  public static <T> T await(CompletableFuture<T> call) throws IOException, InterruptedException {
    try {
      return call.get();
    } catch (InterruptedException e) {
      call.cancel(true);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof CallFailedException failed) {
        // Made anew, so that the trace shows who waits.
        throw new CallFailedException(failed.fault());
      }
      if (e.getCause() instanceof RuntimeException misuse) {
        throw misuse;
      }
      throw new IOException(e.getCause());
    } catch (CancellationException e) {
      throw new IOException("the call was cancelled", e);
    }
  }
}
