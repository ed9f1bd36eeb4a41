package io.penstock.cli;

import io.penstock.node.tunnel.TunnelStatus;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// Tells the user why the tunnel under a running command was lost, and that it is back; the same
/// reason is not repeated.
///
/// It is told the statuses in order, by one thread at a time. What happens before the first
/// connection is for whoever waits for that.
final class TunnelNews implements Consumer<TunnelStatus> {

  private enum Phase {
    CONNECTING,
    UP,
    LOST,
    STOPPED
  }

  private final Console console;
  private final CompletableFuture<String> stopped = new CompletableFuture<>();
  private Phase phase = Phase.CONNECTING;
  private String told = "";

  TunnelNews(Console console) {
    this.console = console;
  }

  @Override
  public void accept(TunnelStatus status) {
    switch (status) {
      case TunnelStatus.Connected _ -> {
        if (phase == Phase.LOST) {
          say("the tunnel is back");
        }
        phase = Phase.UP;
        told = "";
      }
      case TunnelStatus.Waiting(String reason, Duration wait) -> {
        String next = String.format(Locale.ROOT, "; trying again in %.1f s", wait.toMillis() / 1e3);
        if (phase == Phase.UP) {
          say("the tunnel was lost: " + reason + next);
          phase = Phase.LOST;
        } else if (phase == Phase.LOST && !reason.equals(told)) {
          say("still no tunnel: " + reason + next);
        }
        told = reason;
      }
      case TunnelStatus.Stopped(_, String message) -> {
        phase = Phase.STOPPED;
        stopped.complete(message);
      }
      case TunnelStatus.Connecting _, TunnelStatus.Closed _ -> {
        // Begun or ended by the command itself.
      }
    }
  }

  /// Runs this when the tunnel has ended for a reason that only a person can mend, at once if it
  /// has already.
  void onStop(Runnable action) {
    stopped.thenRun(action);
  }

  /// Why it has ended for good, if it has.
  Optional<String> end() {
    return stopped.isDone() ? Optional.of(stopped.join()) : Optional.empty();
  }

  private void say(String what) {
    console.err().println("penstock: " + what);
  }
}
