package io.penstock.node.ping;

import java.time.Duration;

/// What several pings came to. Not thread-safe.
public final class PingStatistics {

  private int sent;
  private int received;
  private int errors;
  private long leastNanos = Long.MAX_VALUE;
  private long mostNanos;
  private double sumMillis;
  private double sumOfSquares;

  /// Of nothing yet.
  public PingStatistics() {}

  /// Adds one result; what was not sent counts as sent and lost, as it does for the user.
  public void add(PingResult result) {
    sent++;
    switch (result) {
      case PingResult.Reply reply -> {
        received++;
        long nanos = reply.roundTrip().toNanos();
        leastNanos = Math.min(leastNanos, nanos);
        mostNanos = Math.max(mostNanos, nanos);
        double millis = nanos / 1e6;
        sumMillis += millis;
        sumOfSquares += millis * millis;
      }
      case PingResult.Reported _ -> errors++;
      case PingResult.TimedOut _, PingResult.NotSent _ -> {
        // Lost.
      }
    }
  }

  public int sent() {
    return sent;
  }

  public int received() {
    return received;
  }

  /// For how many somebody reported an error.
  public int errors() {
    return errors;
  }

  /// The share without a reply, from 0 to 100.
  public double lossPercent() {
    return sent == 0 ? 0 : 100.0 * (sent - received) / sent;
  }

  /// The shortest round trip; zero without a reply.
  public Duration least() {
    return Duration.ofNanos(received == 0 ? 0 : leastNanos);
  }

  /// The longest round trip.
  public Duration most() {
    return Duration.ofNanos(mostNanos);
  }

  /// The mean round trip; 0 without a reply.
  public double meanMillis() {
    return received == 0 ? 0 : sumMillis / received;
  }

  /// The standard deviation of the round trips.
  public double deviationMillis() {
    double mean = meanMillis();
    return received == 0 ? 0 : Math.sqrt(Math.max(0, sumOfSquares / received - mean * mean));
  }
}
