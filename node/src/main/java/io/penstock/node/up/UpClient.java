package io.penstock.node.up;

import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import io.penstock.node.local.LocalExchange;
import io.penstock.node.local.LocalTarget;
import io.penstock.node.local.NotRunningException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// Asks the manager of this machine's overlay interface, over the Unix socket in its state
/// directory.
///
/// Every call blocks for a minute at most; one that finds no manager is a [NotRunningException].
///
/// @param state the directory of [UpConfig#state]
public record UpClient(Path state) {

  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
  private static final Duration GONE_CHECK = Duration.ofMillis(50);

  /// How it is doing.
  public UpReport report() throws IOException {
    try {
      return Json.readAnswer(
          LocalExchange.request(target(), "GET", UpApi.UP, CALL_LIMIT), UpReport.class);
    } catch (MalformedJsonException e) {
      throw new IOException(
          "the manager is one of another version; start it again: " + e.getMessage(), e);
    }
  }

  /// Has it end; it takes everything back after this has returned.
  public void down() throws IOException {
    var _ = LocalExchange.request(target(), "POST", UpApi.DOWN, CALL_LIMIT);
  }

  /// Waits until there is no manager, and the machine as it was.
  ///
  /// @return whether that came about within the limit
  public boolean awaitGone(Duration limit) throws IOException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (System.nanoTime() - end < 0) {
      try {
        var _ = report();
      } catch (NotRunningException _) {
        return true;
      }
      Thread.sleep(GONE_CHECK);
    }
    return false;
  }

  private LocalTarget target() {
    return new LocalTarget("manager", state, UpApi.SOCKET_NAME);
  }
}
