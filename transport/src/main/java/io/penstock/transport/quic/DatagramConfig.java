package io.penstock.transport.quic;

import io.penstock.protocol.Bounds;

/// The bounds of what a connection holds of datagrams that are on their way out.
///
/// A connection holds at most [#maxQueuedBytes] in datagrams that were sent but have not left: up
/// to [#pendingDatagrams] wait in front of QUIC, the rest wait in QUIC for congestion control.
///
/// @param quicQueueDatagrams how many datagrams QUIC's own queues hold, one per direction; each
///   costs the connection 32 bytes even when it is idle
/// @param pendingDatagrams most datagrams that wait for the next turn of the event loop
/// @param maxQueuedBytes most bytes that wait before and in QUIC together; a slow path is given
///   less, half of its congestion window
public record DatagramConfig(int quicQueueDatagrams, int pendingDatagrams, long maxQueuedBytes) {

  /// Sixteen flushes, so that a fast path never runs dry between two looks at it.
  public static final int DEFAULT_QUIC_QUEUE_DATAGRAMS = 512;

  /// Two flushes: one that is written and one that arrives meanwhile.
  public static final int DEFAULT_PENDING_DATAGRAMS = 64;

  /// Four milliseconds at one gigabit per second.
  public static final long DEFAULT_MAX_QUEUED_BYTES = 512L * 1024;

  public DatagramConfig {
    Bounds.requireBetween("quic quicQueueDatagrams", quicQueueDatagrams, 64, 1 << 16);
    Bounds.requireBetween("quic pendingDatagrams", pendingDatagrams, 1, 1 << 16);
    Bounds.requireAtLeast("quic maxQueuedBytes", maxQueuedBytes, 64 * 1024);
  }

  public static DatagramConfig defaults() {
    return new DatagramConfig(
        DEFAULT_QUIC_QUEUE_DATAGRAMS, DEFAULT_PENDING_DATAGRAMS, DEFAULT_MAX_QUEUED_BYTES);
  }

  public DatagramConfig withQuicQueueDatagrams(int value) {
    return new DatagramConfig(value, pendingDatagrams, maxQueuedBytes);
  }

  public DatagramConfig withPendingDatagrams(int value) {
    return new DatagramConfig(quicQueueDatagrams, value, maxQueuedBytes);
  }

  public DatagramConfig withMaxQueuedBytes(long value) {
    return new DatagramConfig(quicQueueDatagrams, pendingDatagrams, value);
  }
}
