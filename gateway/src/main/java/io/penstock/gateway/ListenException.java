package io.penstock.gateway;

import io.penstock.api.HostPort;
import java.io.IOException;

/// A listener could not be bound; the message names its key and address.
public final class ListenException extends IOException {

  private static final long serialVersionUID = 1L;

  private final String key;

  ListenException(String key, HostPort address, Throwable cause) {
    super("cannot listen on %s (%s): %s".formatted(address, key, reason(cause)), cause);
    this.key = key;
  }

  /// What the system says, without the name of the call and its number.
  private static String reason(Throwable cause) {
    return String.valueOf(cause.getMessage())
        .replaceFirst("^.* failed with error\\(-?\\d+\\): ", "");
  }

  /// The configuration key of the listener, such as `ingress.http`.
  public String key() {
    return key;
  }
}
