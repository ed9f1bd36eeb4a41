package io.penstock.gateway.backend;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why the gateway itself ended an agent's connection.
public enum CloseCause implements CloseReason {
  /// An operator asked for it.
  KILLED("killed through the admin API"),
  /// The same agent connected anew, so this connection is a ghost.
  REPLACED("replaced by a new connection of the same agent"),
  /// The token was revoked or has expired.
  TOKEN_REVOKED("its token is no longer valid"),
  /// A route that it serves was removed or changed hands.
  ROUTE_REMOVED("a route that it serves is gone"),
  /// The gateway goes down.
  SHUTDOWN("the gateway shuts down");

  private final String text;

  CloseCause(String text) {
    this.text = text;
  }

  @Override
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String logText() {
    return text;
  }

  @Override
  public String peerText() {
    return text;
  }
}
