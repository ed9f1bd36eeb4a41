package io.penstock.gateway.backend;

import java.time.Duration;

/// How easily the failure detector becomes suspicious.
///
/// @param window how many of the latest intervals are remembered
/// @param expectedInterval the interval that is assumed before the first one is known
/// @param minimumDeviation the least standard deviation; regular heartbeats would else make any
///   delay look fatal
/// @param acceptablePause silence beyond the mean that raises no suspicion
/// @param threshold the phi at which a connection is no longer used
public record PhiConfig(
    int window,
    Duration expectedInterval,
    Duration minimumDeviation,
    Duration acceptablePause,
    double threshold) {

  /// The original's window: a bit more than a minute of pings.
  public static final int DEFAULT_WINDOW = 15;

  /// A garbage collection or a busy Wi-Fi is not a failure.
  public static final Duration DEFAULT_MINIMUM_DEVIATION = Duration.ofSeconds(1);

  /// One lost ping is not a failure either.
  public static final Duration DEFAULT_ACCEPTABLE_PAUSE = Duration.ofSeconds(5);

  /// Wrong once in 10^8 guesses; with the other defaults reached after about 16 s of silence.
  public static final double DEFAULT_THRESHOLD = 8;

  public PhiConfig {
    if (window < 2 || window > 1000) {
      throw new IllegalArgumentException(
          "health.window is " + window + ", allowed is 2 to 1000 intervals");
    }
    positive("ping_interval", expectedInterval);
    positive("minimum_deviation", minimumDeviation);
    if (acceptablePause.isNegative()) {
      throw new IllegalArgumentException(
          "health.acceptable_pause is " + acceptablePause + ", allowed is 0 or more");
    }
    if (!(threshold > 0) || threshold > 1000) {
      throw new IllegalArgumentException(
          "health.phi_threshold is " + threshold + ", allowed is more than 0, at most 1000");
    }
  }

  /// The defaults for pings that are sent this often.
  public static PhiConfig every(Duration pingInterval) {
    return new PhiConfig(
        DEFAULT_WINDOW,
        pingInterval,
        DEFAULT_MINIMUM_DEVIATION,
        DEFAULT_ACCEPTABLE_PAUSE,
        DEFAULT_THRESHOLD);
  }

  private static void positive(String key, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(
          "health." + key + " is " + value + ", allowed is more than 0");
    }
  }
}
