package io.penstock.it.overlay;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A service that reads one connection to its end, and then sends more than all buffers on the way
/// hold.
final class LongReply implements AutoCloseable {

  /// Many times what sockets and windows on the way take.
  static final long BYTES = 16L << 20;

  private static final int BLOCK_BYTES = 64 * 1024;

  private final ServerSocket listener;
  private final CompletableFuture<Long> sent = new CompletableFuture<>();

  LongReply(ServerSocket listener) {
    this.listener = listener;
    Thread.ofVirtual().start(this::serve);
  }

  private void serve() {
    try (Socket accepted = listener.accept()) {
      accepted.getInputStream().readAllBytes();
      for (long left = BYTES; left > 0; left -= BLOCK_BYTES) {
        accepted.getOutputStream().write(new byte[BLOCK_BYTES]);
      }
      accepted.shutdownOutput();
      sent.complete(BYTES);
    } catch (IOException e) {
      sent.completeExceptionally(e);
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  /// Waits until the reply has been written; what broke it otherwise.
  long sent() throws InterruptedException, ExecutionException, TimeoutException {
    return sent.get(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
