package io.penstock.gateway.overlay.router;

import io.penstock.api.config.Requirements;
import java.time.Duration;

/// What may wait in a router, and for how long.
///
/// **Worst-case memory.** `loopQueueBytes` for each event loop, `crossingBytes` for each ordered
/// pair of loops, and `serviceQueueBytes`.
///
/// @param tunnelQueueBytes what may wait for one tunnel
/// @param loopQueueBytes what may wait for all tunnels of one event loop
/// @param serviceQueueBytes answers of the gateway itself that may wait to be forwarded
/// @param quantumBytes what a source may send in one round of the fair queue
/// @param delayTarget how long a packet may wait as a rule (CoDel's target)
/// @param delayInterval how long it may wait longer before packets are dropped (CoDel's interval)
/// @param crossingPackets packets on their way from one event loop to another, a power of two
/// @param crossingBytes and their bytes
public record QueueConfig(
    int tunnelQueueBytes,
    int loopQueueBytes,
    int serviceQueueBytes,
    int quantumBytes,
    Duration delayTarget,
    Duration delayInterval,
    int crossingPackets,
    int crossingBytes) {

  /// 80 ms at 100 Mbit/s: room for a burst, while the delay is CoDel's to keep down.
  public static final int DEFAULT_TUNNEL_QUEUE_BYTES = 1024 * 1024;

  /// 64 tunnels of a loop that are all behind at once; the more wait, the less each may have.
  public static final int DEFAULT_LOOP_QUEUE_BYTES = 64 * 1024 * 1024;

  /// Answers to a burst of pings and questions by some hundred nodes at once.
  public static final int DEFAULT_SERVICE_QUEUE_BYTES = 512 * 1024;

  /// One packet of the largest usual size (RFC 8290 section 5.2.2).
  public static final int DEFAULT_QUANTUM_BYTES = 1500;

  /// RFC 8289 section 4.2.
  public static final Duration DEFAULT_DELAY_TARGET = Duration.ofMillis(5);

  /// RFC 8289 section 4.2: a round trip that most paths stay below.
  public static final Duration DEFAULT_DELAY_INTERVAL = Duration.ofMillis(100);

  /// 5 ms of 800,000 packets per second, longer than a loop should ever be busy.
  public static final int DEFAULT_CROSSING_PACKETS = 4096;

  /// The same as full packets.
  public static final int DEFAULT_CROSSING_BYTES = 6 * 1024 * 1024;

  /// What holds when nothing is set.
  public static final QueueConfig DEFAULT =
      new QueueConfig(
          DEFAULT_TUNNEL_QUEUE_BYTES,
          DEFAULT_LOOP_QUEUE_BYTES,
          DEFAULT_SERVICE_QUEUE_BYTES,
          DEFAULT_QUANTUM_BYTES,
          DEFAULT_DELAY_TARGET,
          DEFAULT_DELAY_INTERVAL,
          DEFAULT_CROSSING_PACKETS,
          DEFAULT_CROSSING_BYTES);

  /// The largest packet of either family and a neighbour's fit.
  private static final int LEAST_BYTES = 64 * 1024;

  private static final int MOST_BYTES = 1024 * 1024 * 1024;
  private static final int MOST_CROSSING_PACKETS = 65_536;

  public QueueConfig {
    Requirements.of(RouterConfig.TABLE)
        .bytesBetween("tunnel_queue_bytes", tunnelQueueBytes, LEAST_BYTES, MOST_BYTES)
        .bytesBetween(
            "loop_queue_bytes",
            loopQueueBytes,
            Math.clamp(tunnelQueueBytes, LEAST_BYTES, MOST_BYTES),
            MOST_BYTES)
        .bytesBetween("service_queue_bytes", serviceQueueBytes, LEAST_BYTES, MOST_BYTES)
        .bytesBetween("quantum_bytes", quantumBytes, 64, LEAST_BYTES)
        .between("delay_target", delayTarget, Duration.ofMillis(1), Duration.ofSeconds(10))
        .that(
            delayInterval.compareTo(delayTarget) > 0
                && delayInterval.compareTo(Duration.ofMinutes(1)) <= 0,
            "delay_interval",
            delayInterval.toMillis() + "ms",
            "more than delay_target (" + delayTarget.toMillis() + "ms) and at most 1m")
        .that(
            crossingPackets >= 16
                && crossingPackets <= MOST_CROSSING_PACKETS
                && Integer.bitCount(crossingPackets) == 1,
            "crossing_packets",
            crossingPackets,
            "a power of two from 16 to " + MOST_CROSSING_PACKETS)
        .bytesBetween("crossing_bytes", crossingBytes, LEAST_BYTES, MOST_BYTES)
        .check();
  }
}
