package io.penstock.gateway.backend;

import io.penstock.api.config.Durations;
import io.penstock.api.config.Requirements;
import java.time.Duration;

/// The table `health`: how the gateway notices that a connection of an agent is no longer good.
///
/// @param pingInterval between two pings of one connection
/// @param pingLimit for the answer to one ping; it concerns that ping's stream alone
/// @param window how many of the latest intervals the failure detector remembers
/// @param minimumDeviation the least standard deviation of the intervals; regular answers would
///   else make any delay look fatal
/// @param acceptablePause silence beyond the mean that raises no suspicion
/// @param phiThreshold the suspicion at which a connection is no longer used
public record HealthConfig(
    Duration pingInterval,
    Duration pingLimit,
    int window,
    Duration minimumDeviation,
    Duration acceptablePause,
    double phiThreshold) {

  /// The original's.
  public static final Duration DEFAULT_PING_INTERVAL = Duration.ofSeconds(5);

  /// The original's.
  public static final Duration DEFAULT_PING_LIMIT = Duration.ofSeconds(1);

  /// The original's: a bit more than a minute of pings.
  public static final int DEFAULT_WINDOW = 15;

  /// A garbage collection or a busy Wi-Fi is not a failure.
  public static final Duration DEFAULT_MINIMUM_DEVIATION = Duration.ofSeconds(1);

  /// One lost ping is not a failure either.
  public static final Duration DEFAULT_ACCEPTABLE_PAUSE = Duration.ofSeconds(5);

  /// Wrong once in 10^8 guesses; with the other defaults reached after about 16 s of silence.
  public static final double DEFAULT_PHI_THRESHOLD = 8;

  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofHours(1);

  /// What holds when nothing is set.
  public static final HealthConfig DEFAULT =
      new HealthConfig(
          DEFAULT_PING_INTERVAL,
          DEFAULT_PING_LIMIT,
          DEFAULT_WINDOW,
          DEFAULT_MINIMUM_DEVIATION,
          DEFAULT_ACCEPTABLE_PAUSE,
          DEFAULT_PHI_THRESHOLD);

  public HealthConfig {
    Requirements.of("health")
        .between("ping_interval", pingInterval, SHORTEST, LONGEST)
        .between("ping_limit", pingLimit, SHORTEST, LONGEST)
        .that(
            pingLimit.compareTo(pingInterval) < 0,
            "ping_limit",
            Durations.format(pingLimit),
            "less than ping_interval (" + Durations.format(pingInterval) + ")")
        .between("window", window, 2, 1000)
        .between("minimum_deviation", minimumDeviation, Duration.ofMillis(1), LONGEST)
        .between("acceptable_pause", acceptablePause, Duration.ZERO, LONGEST)
        .between("phi_threshold", phiThreshold, 0.1, 1000)
        .check();
  }
}
