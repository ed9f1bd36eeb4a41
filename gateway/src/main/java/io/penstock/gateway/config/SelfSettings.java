package io.penstock.gateway.config;

import io.penstock.api.config.Requirements;
import java.time.Duration;
import java.util.Optional;

/// The table `gateway`: what concerns the gateway as a whole.
///
/// @param hostname the public name of the gateway, which its own certificate then carries and which
///   the printed commands use
/// @param drainLimit how long live requests may go on after the gateway was told to stop
public record SelfSettings(Optional<String> hostname, Duration drainLimit) {

  /// As long as most service managers wait before they kill, less a margin.
  public static final Duration DEFAULT_DRAIN_LIMIT = Duration.ofSeconds(30);

  /// What holds when nothing is set.
  public static final SelfSettings DEFAULT =
      new SelfSettings(Optional.empty(), DEFAULT_DRAIN_LIMIT);

  public SelfSettings {
    Requirements.of("gateway")
        .that(
            hostname
                .map(name -> name.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"))
                .orElse(true),
            "hostname",
            hostname.orElse(""),
            "a host name without scheme and port, such as gateway.example.com")
        .between("drain_limit", drainLimit, Duration.ZERO, Duration.ofHours(24))
        .check();
  }
}
