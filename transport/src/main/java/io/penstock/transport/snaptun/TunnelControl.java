package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelState;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/// The server's handle of one established tunnel; may be used from any thread.
///
/// The tunnel runs by itself: requests are answered, and the session ends when it is not renewed,
/// whether anybody holds this or not.
///
/// @param <T> what a valid token says
public final class TunnelControl<T> {

  private final ServerDriver<T> driver;

  TunnelControl(ServerDriver<T> driver) {
    this.driver = driver;
  }

  /// Completes on the event loop when the tunnel is over, and says why.
  public CompletionStage<TunnelEnd> closed() {
    return driver.closed();
  }

  /// Ends the tunnel; its addresses are put on hold.
  ///
  /// @param code what the peer is told, such as 4 for a session that is no more
  /// @param reason words for the peer
  public void close(int code, String reason) {
    driver.close(code, reason);
  }

  /// What the newest valid renewal said.
  public T claims() {
    return driver.claims();
  }

  /// When the session ends unless it is renewed; the past once the tunnel is over.
  public Instant expiry() {
    return switch (driver.states().current().state()) {
      case TunnelState.SessionEstablished(long millis) -> Instant.ofEpochMilli(millis);
      case TunnelState.Assigned(long millis, _) -> Instant.ofEpochMilli(millis);
      case TunnelState.Unassigned _, TunnelState.Closed _ -> Instant.EPOCH;
    };
  }

  /// The addresses that the peer may use now; none once the tunnel is over.
  public List<AddressRange> addresses() {
    return driver.states().current().state() instanceof TunnelState.Assigned(_, var addresses)
        ? addresses
        : List.of();
  }

  /// Counts every change of the tunnel except a mere extension of its session.
  public long stateVersion() {
    return driver.states().version();
  }

  /// Sets the one listener that is called on the event loop after each later renewal of the
  /// session.
  public void onRenewed(Runnable listener) {
    driver.onRenewed(listener);
  }

  /// Sets the one listener that is called on the event loop with each later assignment.
  public void onAssigned(Consumer<List<AddressRange>> listener) {
    driver.onAssigned(listener);
  }
}
