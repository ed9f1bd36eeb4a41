package io.penstock.node.up;

import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import io.penstock.node.local.LocalExchange;
import io.penstock.node.local.LocalTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// Asks the manager of this machine's overlay interface, over the Unix socket in its state
/// directory.
///
/// Every call blocks for a minute at most; one that finds no manager is a
/// [io.penstock.node.local.NotRunningException].
///
/// @param state the directory of [UpConfig#state]
public record UpClient(Path state) {

  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);

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

  private LocalTarget target() {
    return new LocalTarget("manager", state, UpApi.SOCKET_NAME);
  }
}
