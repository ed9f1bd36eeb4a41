package io.penstock.node.local;

import io.penstock.api.web.WebSink;
import io.penstock.node.serve.ServeManager;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// A control connection: server-sent events (HTML Living Standard, section 9.2) to a command that
/// serves in the foreground, as long as it stays.
///
/// The first event is `control` with the id under which the command may put a block into
/// `Foreground`. When somebody else takes that out, `dropped` is told and the stream ends. When the
/// connection ends, for whatever reason, so does the block.
final class ControlStream {

  static final String CONTROL = "control";
  static final String DROPPED = "dropped";

  /// How often something is said, so that a command which is gone without a word is noticed.
  private static final Duration COMMENT_INTERVAL = Duration.ofSeconds(15);

  private ControlStream() {}

  /// Runs until the command or its block is gone.
  static void run(ServeManager serve, WebSink sink) throws IOException, InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    AtomicBoolean dropped = new AtomicBoolean();
    try (ServeManager.Control control =
        serve.control(
            () -> {
              dropped.set(true);
              over.countDown();
            })) {
      sink.onClosed(over::countDown);
      sink.send("event: %s\ndata: %s\n\n".formatted(CONTROL, control.id()));
      while (!over.await(COMMENT_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        sink.send(":\n\n");
      }
      if (dropped.get()) {
        sink.send("event: %s\ndata: -\n\n".formatted(DROPPED));
      }
    }
  }
}
