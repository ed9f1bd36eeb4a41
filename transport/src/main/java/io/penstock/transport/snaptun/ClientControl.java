package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.RenewalEnd;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelState;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/// The client's handle of one established tunnel; may be used from any thread.
///
/// The tunnel renews its session and keeps its connection alive by itself, whether anybody holds
/// this or not.
public final class ClientControl {

  private final ClientDriver driver;

  ClientControl(ClientDriver driver) {
    this.driver = driver;
  }

  /// Completes on the event loop when the tunnel is over, and says why.
  public CompletionStage<TunnelEnd> closed() {
    return driver.closed();
  }

  /// Ends the tunnel; the server is not asked, as the protocol has no goodbye.
  public void close(int code, String reason) {
    driver.close(code, reason);
  }

  /// When the session ends unless it is renewed, by the server's clock; the past once the tunnel is
  /// over.
  public Instant expiry() {
    return switch (driver.states().current().state()) {
      case TunnelState.SessionEstablished(long millis) -> Instant.ofEpochMilli(millis);
      case TunnelState.Assigned(long millis, _) -> Instant.ofEpochMilli(millis);
      case TunnelState.Unassigned _, TunnelState.Closed _ -> Instant.EPOCH;
    };
  }

  /// The addresses that packets may come from; none once the tunnel is over.
  public List<AddressRange> addresses() {
    return driver.states().current().state() instanceof TunnelState.Assigned(_, var addresses)
        ? addresses
        : List.of();
  }

  /// Beyond the original: which of several wanted addresses were not given the last time.
  public List<Refusal> refused() {
    return driver.refused();
  }

  /// Counts every change of the tunnel except a mere extension of its session.
  public long stateVersion() {
    return driver.states().version();
  }

  /// Fetches a token and renews the session with it, now.
  ///
  /// Completes on the event loop.
  public CompletionStage<CommandResult> renew() {
    return driver.renew();
  }

  /// Asks for other addresses; the senders there are then tell of the new ones.
  ///
  /// Completes on the event loop.
  ///
  /// @param wanted none for any, at most [io.penstock.protocol.snaptun.SnapTun#MAX_ADDRESSES]
  public CompletionStage<CommandResult> assign(List<AddressRange> wanted) {
    return driver.assign(List.copyOf(wanted));
  }

  /// Completes on the event loop if the session is no longer renewed by itself, and says why; the
  /// tunnel lasts until the session expires.
  public CompletionStage<RenewalEnd> renewalEnded() {
    return driver.renewalEnded();
  }

  /// Sets the one listener that is called on the event loop with each later assignment.
  public void onAssigned(Consumer<List<AddressRange>> listener) {
    driver.onAssigned(listener);
  }
}
