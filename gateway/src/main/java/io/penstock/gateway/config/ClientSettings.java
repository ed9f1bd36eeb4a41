package io.penstock.gateway.config;

import io.penstock.api.config.Inline;
import io.penstock.api.web.WebLimits;
import java.time.Duration;

/// The table `client`: the client API on the tunnel port.
///
/// @param limits of each connection
public record ClientSettings(@Inline WebLimits limits) {

  /// Anybody can connect there, and everybody who does asks at once.
  public static final Duration DEFAULT_REQUEST_LIMIT = Duration.ofSeconds(10);

  /// Nothing in it is longer than a token.
  public static final int DEFAULT_BYTES = 8 * 1024;

  /// What holds when nothing is set.
  public static final ClientSettings DEFAULT =
      new ClientSettings(new WebLimits(DEFAULT_BYTES, DEFAULT_BYTES, DEFAULT_REQUEST_LIMIT));
}
