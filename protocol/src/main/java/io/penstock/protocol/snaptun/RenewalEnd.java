package io.penstock.protocol.snaptun;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// Why a client no longer renews its session by itself; the tunnel lasts until the session expires.
public enum RenewalEnd implements CloseReason {
  /// The session was over before it could be renewed.
  SESSION_EXPIRED("session expired"),
  /// Renewing failed too often in a row.
  MAX_RETRIES_REACHED("maximum number of retries reached");

  private final String text;

  RenewalEnd(String text) {
    this.text = text;
  }

  @Override
  public String code() {
    return "renewal_" + name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String logText() {
    return text;
  }

  @Override
  public String peerText() {
    return "";
  }
}
