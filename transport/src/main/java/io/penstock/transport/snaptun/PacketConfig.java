package io.penstock.transport.snaptun;

import io.penstock.protocol.Bounds;
import io.penstock.transport.quic.DatagramConfig;
import java.time.Duration;

/// The bounds of one tunnel's packets on their way out.
///
/// **Worst-case memory.** `maxWaitingBytes` from other threads, as much again that waits for room,
/// and what `datagrams` says.
///
/// @param maxWaitingBytes the packets that wait for room, and those from other threads that wait
///   for the event loop
/// @param waitLimitNanos how long a packet may wait for room
/// @param datagrams the bounds of QUIC's datagram queue; the same as the endpoint was made with
public record PacketConfig(int maxWaitingBytes, long waitLimitNanos, DatagramConfig datagrams) {

  /// About 200 full packets, some milliseconds at 1 Gbit/s.
  public static final int DEFAULT_MAX_WAITING_BYTES = 256 * 1024;

  /// As long as a control response may take.
  public static final Duration DEFAULT_WAIT_LIMIT = Duration.ofSeconds(2);

  public PacketConfig {
    Bounds.requireAtLeast("snaptun maxWaitingBytes", maxWaitingBytes, 1);
    Bounds.requireAtLeast("snaptun waitLimitNanos", waitLimitNanos, 1);
  }

  /// The defaults, with the queue that the endpoint was made with.
  public static PacketConfig of(DatagramConfig datagrams) {
    return new PacketConfig(DEFAULT_MAX_WAITING_BYTES, DEFAULT_WAIT_LIMIT.toNanos(), datagrams);
  }

  /// The same with another limit.
  public PacketConfig withWaitLimit(Duration limit) {
    return new PacketConfig(maxWaitingBytes, limit.toNanos(), datagrams);
  }

  /// The same with another bound.
  public PacketConfig withMaxWaitingBytes(int bytes) {
    return new PacketConfig(bytes, waitLimitNanos, datagrams);
  }
}
