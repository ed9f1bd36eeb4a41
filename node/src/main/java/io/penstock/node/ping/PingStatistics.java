package io.penstock.node.ping;

import java.time.Duration;

/// What several pings came to. Not thread-safe.
public final class PingStatistics {

  private int sent;
  private int received;
  private int errors;
  private int notSent;
  private long leastNanos = Long.MAX_VALUE;
  private long mostNanos;
  private double sumMillis;
  private double sumOfSquares;

  /// Of nothing yet.
  public PingStatistics() {}

  /// Adds one result.
  public void add(PingResult result) {
    switch (result) {
      case PingResult.Reply reply -> {
        sent++;
        received++;
        long nanos = reply.roundTrip().toNanos();
        leastNanos = Math.min(leastNanos, nanos);
        mostNanos = Math.max(mostNanos, nanos);
        double millis = nanos / 1e6;
        sumMillis += millis;
        sumOfSquares += millis * millis;
      }
      case PingResult.Reported _ -> {
        sent++;
        errors++;
      }
      case PingResult.TimedOut _ -> sent++;
      case PingResult.NotSent _ -> notSent++;
    }
  }

  /// How many left this node.
  public int sent() {
    return sent;
  }

  /// How many did not: what says something about this node and nothing about the target.
  public int notSent() {
    return notSent;
  }

  public int received() {
    return received;
  }

  /// For how many somebody reported an error.
  public int errors() {
    return errors;
  }

  /// The share without a reply of what was sent, from 0 to 100.
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
