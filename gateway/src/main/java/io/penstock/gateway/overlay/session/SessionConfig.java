package io.penstock.gateway.overlay.session;

import io.penstock.api.config.Requirements;
import java.time.Duration;

/// How long nodes may stay, and how many there may be.
///
/// @param sessionLifetime how long a session token is good; a tunnel that is not renewed ends with
///   it
/// @param keyRotation how long one key signs session tokens, before a new one does
/// @param signatureTolerance how far the time in a node's signature may be from the gateway's
/// @param maxNodes how many nodes the network may have; each costs a row in the database
public record SessionConfig(
    Duration sessionLifetime, Duration keyRotation, Duration signatureTolerance, int maxNodes) {

  /// As in the original. It need not be short, as a revoked API token ends its tunnels at once.
  public static final Duration DEFAULT_SESSION_LIFETIME = Duration.ofHours(1);

  /// A key that leaked unnoticed is of no use two days later.
  public static final Duration DEFAULT_KEY_ROTATION = Duration.ofDays(1);

  /// Clocks without a time server drift by seconds a day.
  public static final Duration DEFAULT_SIGNATURE_TOLERANCE = Duration.ofMinutes(1);

  /// Fewer than the default network has addresses.
  public static final int DEFAULT_MAX_NODES = 10_000;

  /// What holds when nothing is set.
  public static final SessionConfig DEFAULT =
      new SessionConfig(
          DEFAULT_SESSION_LIFETIME,
          DEFAULT_KEY_ROTATION,
          DEFAULT_SIGNATURE_TOLERANCE,
          DEFAULT_MAX_NODES);

  public SessionConfig {
    Requirements.of("overlay")
        .between("session_lifetime", sessionLifetime, Duration.ofSeconds(1), Duration.ofDays(7))
        .between("key_rotation", keyRotation, Duration.ofMinutes(1), Duration.ofDays(365))
        .between(
            "signature_tolerance", signatureTolerance, Duration.ofSeconds(1), Duration.ofHours(1))
        .between("max_nodes", maxNodes, 1, 1_000_000)
        .check();
  }

  /// The same with another lifetime of sessions.
  public SessionConfig withSessionLifetime(Duration other) {
    return new SessionConfig(other, keyRotation, signatureTolerance, maxNodes);
  }
}
