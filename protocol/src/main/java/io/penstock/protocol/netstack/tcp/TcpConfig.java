package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Bounds;

/// The knobs of TCP.
///
/// Memory is at most [#stackBufferBytes] for bytes that wait to be sent or read, about 1 KiB for
/// each connection, 96 bytes for each record of TIME-WAIT, and 16 bytes for each segment in flight.
///
/// @param congestion what bounds the bytes in flight besides the peer's window
/// @param pacing spread a window over its round trip instead of sending it at once; off without
///   congestion control
/// @param ecn offer ECN (RFC 3168) and take it when offered
/// @param sack offer selective acknowledgments (RFC 2018)
/// @param timestamps offer timestamps and PAWS (RFC 7323)
/// @param windowScaling offer window scaling (RFC 7323)
/// @param noDelay begin with Nagle's algorithm off; each connection may change it
/// @param initialReceiveBufferBytes the receive window of a new connection; autotuning widens it
/// @param maxReceiveBufferBytes the widest receive window; equal to the initial one it turns
///   autotuning off
/// @param initialSendBufferBytes what a new connection takes from its owner before the first is
///   acknowledged
/// @param maxSendBufferBytes the most that a connection takes; it grows to twice the congestion
///   window
/// @param stackBufferBytes what the buffers of all connections hold together
/// @param maxGaps ranges of bytes that a connection keeps behind a missing one
/// @param maxConnections connections at once, without those in TIME-WAIT
/// @param maxTimeWaitRecords connections in TIME-WAIT; beyond it the oldest is forgotten
/// @param maxHalfOpen handshakes at once on one listener; beyond it SYN cookies
/// @param minRtoMillis least retransmission timeout; RFC 6298 says 1 s, everybody uses this
/// @param initialRtoMillis retransmission timeout before the first round trip (RFC 6298 section
///   2.1)
/// @param maxRtoMillis where doubling the timeout ends (RFC 6298 section 2.5)
/// @param delayedAckMillis how long an acknowledgment may wait for company, 0 for not at all; RFC
///   9293 allows less than 500
/// @param connectTimeoutMillis how long a SYN is repeated (RFC 9293 section 3.8.3: at least 3
///   minutes)
/// @param handshakeTimeoutMillis how long a SYN that we answered may go without the last step
/// @param userTimeoutMillis how long data may stay unacknowledged (R2 of RFC 9293 section 3.8.3);
///   longer than a lease is on hold
/// @param keepAliveIdleMillis how long a peer may be silent before it is asked, 0 for never; each
///   connection may change it
/// @param keepAliveIntervalMillis how long each of those questions may go unanswered
/// @param keepAliveProbes how many of them may
/// @param timeWaitMillis 2 MSL, how long a finished connection is remembered
/// @param orphanMillis how long a closed connection may wait for its peer's end
/// @param localPortFirst the first of the ports that outgoing connections use (RFC 6056)
/// @param localPortLast the last of them
public record TcpConfig(
    CongestionAlgorithm congestion,
    boolean pacing,
    boolean ecn,
    boolean sack,
    boolean timestamps,
    boolean windowScaling,
    boolean noDelay,
    int initialReceiveBufferBytes,
    int maxReceiveBufferBytes,
    int initialSendBufferBytes,
    int maxSendBufferBytes,
    long stackBufferBytes,
    int maxGaps,
    int maxConnections,
    int maxTimeWaitRecords,
    int maxHalfOpen,
    int minRtoMillis,
    int initialRtoMillis,
    int maxRtoMillis,
    int delayedAckMillis,
    int connectTimeoutMillis,
    int handshakeTimeoutMillis,
    int userTimeoutMillis,
    int keepAliveIdleMillis,
    int keepAliveIntervalMillis,
    int keepAliveProbes,
    int timeWaitMillis,
    int orphanMillis,
    int localPortFirst,
    int localPortLast) {

  /// What a request and its answer fit into, and what a new path may safely be offered.
  public static final int DEFAULT_INITIAL_BUFFER_BYTES = 64 * 1024;

  /// 400 Mbit/s at a round trip of 80 ms.
  public static final int DEFAULT_MAX_BUFFER_BYTES = 4 * 1024 * 1024;

  /// A quarter of a gateway's usual heap; the memory is outside of it.
  public static final long DEFAULT_STACK_BUFFER_BYTES = 256L * 1024 * 1024;

  /// The least that [#userTimeoutMillis] may be.
  public static final int MIN_USER_TIMEOUT_MILLIS = 1_000;

  /// The most that [#userTimeoutMillis] may be: a day.
  public static final int MAX_USER_TIMEOUT_MILLIS = 86_400_000;

  /// The widest window that window scaling can say is 1 GiB; half of it keeps arithmetic in 32
  /// bits.
  private static final int MAX_BUFFER_BYTES = 512 * 1024 * 1024;

  private static final long NANOS_PER_MILLI = 1_000_000L;

  public TcpConfig {
    Bounds.requireBetween(
        "tcp.initial_receive_buffer_bytes", initialReceiveBufferBytes, 4096, MAX_BUFFER_BYTES);
    Bounds.requireBetween(
        "tcp.max_receive_buffer_bytes", maxReceiveBufferBytes, 4096, MAX_BUFFER_BYTES);
    Bounds.requireBetween(
        "tcp.initial_send_buffer_bytes", initialSendBufferBytes, 4096, MAX_BUFFER_BYTES);
    Bounds.requireBetween("tcp.max_send_buffer_bytes", maxSendBufferBytes, 4096, MAX_BUFFER_BYTES);
    Bounds.requireBetween("tcp.stack_buffer_bytes", stackBufferBytes, 65536, 1L << 40);
    Bounds.requireBetween("tcp.max_gaps", maxGaps, 4, 1024);
    Bounds.requireBetween("tcp.max_connections", maxConnections, 1, 10000000);
    Bounds.requireBetween("tcp.max_time_wait_records", maxTimeWaitRecords, 16, 10000000);
    Bounds.requireBetween("tcp.max_half_open", maxHalfOpen, 0, 1000000);
    Bounds.requireBetween("tcp.min_rto_millis", minRtoMillis, 10, 60000);
    Bounds.requireBetween("tcp.initial_rto_millis", initialRtoMillis, 100, 60000);
    Bounds.requireBetween("tcp.max_rto_millis", maxRtoMillis, 1000, 600000);
    Bounds.requireBetween("tcp.delayed_ack_millis", delayedAckMillis, 0, 499);
    Bounds.requireBetween("tcp.connect_timeout_millis", connectTimeoutMillis, 1000, 3600000);
    Bounds.requireBetween("tcp.handshake_timeout_millis", handshakeTimeoutMillis, 1000, 600000);
    Bounds.requireBetween(
        "tcp.user_timeout_millis",
        userTimeoutMillis,
        MIN_USER_TIMEOUT_MILLIS,
        MAX_USER_TIMEOUT_MILLIS);
    Bounds.requireBetween("tcp.keep_alive_idle_millis", keepAliveIdleMillis, 0, 86400000);
    Bounds.requireBetween("tcp.keep_alive_interval_millis", keepAliveIntervalMillis, 100, 86400000);
    Bounds.requireBetween("tcp.keep_alive_probes", keepAliveProbes, 1, 1000);
    Bounds.requireBetween("tcp.time_wait_millis", timeWaitMillis, 1, 600000);
    Bounds.requireBetween("tcp.orphan_millis", orphanMillis, 100, 600000);
    Bounds.requireBetween("tcp.local_port_first", localPortFirst, 1, 65535);
    Bounds.requireBetween("tcp.local_port_last", localPortLast, 1, 65535);
    Bounds.requireAtLeast(
        "tcp.max_receive_buffer_bytes", maxReceiveBufferBytes, initialReceiveBufferBytes);
    Bounds.requireAtLeast("tcp.max_send_buffer_bytes", maxSendBufferBytes, initialSendBufferBytes);
    Bounds.requireAtLeast("tcp.max_rto_millis", maxRtoMillis, minRtoMillis);
    Bounds.requireAtLeast("tcp.local_port_last", localPortLast, localPortFirst);
  }

  public static TcpConfig defaults() {
    return builder().build();
  }

  public static Builder builder() {
    return new Builder();
  }

  long minRtoNanos() {
    return minRtoMillis * NANOS_PER_MILLI;
  }

  long initialRtoNanos() {
    return initialRtoMillis * NANOS_PER_MILLI;
  }

  long maxRtoNanos() {
    return maxRtoMillis * NANOS_PER_MILLI;
  }

  long delayedAckNanos() {
    return delayedAckMillis * NANOS_PER_MILLI;
  }

  long connectTimeoutNanos() {
    return connectTimeoutMillis * NANOS_PER_MILLI;
  }

  long handshakeTimeoutNanos() {
    return handshakeTimeoutMillis * NANOS_PER_MILLI;
  }

  long userTimeoutNanos() {
    return userTimeoutMillis * NANOS_PER_MILLI;
  }

  long keepAliveIdleNanos() {
    return keepAliveIdleMillis * NANOS_PER_MILLI;
  }

  long keepAliveIntervalNanos() {
    return keepAliveIntervalMillis * NANOS_PER_MILLI;
  }

  long timeWaitNanos() {
    return timeWaitMillis * NANOS_PER_MILLI;
  }

  long orphanNanos() {
    return orphanMillis * NANOS_PER_MILLI;
  }

  /// Whether receive windows widen by themselves.
  boolean autotunes() {
    return maxReceiveBufferBytes > initialReceiveBufferBytes;
  }

  /// Collects the knobs; those not set keep their defaults.
  public static final class Builder {

    private CongestionAlgorithm congestion = CongestionAlgorithm.CUBIC;
    private boolean pacing = true;
    private boolean ecn = true;
    private boolean sack = true;
    private boolean timestamps = true;
    private boolean windowScaling = true;
    private boolean noDelay;
    private int initialReceiveBufferBytes = DEFAULT_INITIAL_BUFFER_BYTES;
    private int maxReceiveBufferBytes = DEFAULT_MAX_BUFFER_BYTES;
    private int initialSendBufferBytes = DEFAULT_INITIAL_BUFFER_BYTES;
    private int maxSendBufferBytes = DEFAULT_MAX_BUFFER_BYTES;
    private long stackBufferBytes = DEFAULT_STACK_BUFFER_BYTES;
    private int maxGaps = 64;
    private int maxConnections = 100_000;
    private int maxTimeWaitRecords = 131_072;
    private int maxHalfOpen = 1_024;
    private int minRtoMillis = 200;
    private int initialRtoMillis = 1_000;
    private int maxRtoMillis = 60_000;
    private int delayedAckMillis = 40;
    private int connectTimeoutMillis = 180_000;
    private int handshakeTimeoutMillis = 60_000;
    private int userTimeoutMillis = 900_000;
    private int keepAliveIdleMillis;
    private int keepAliveIntervalMillis = 75_000;
    private int keepAliveProbes = 9;
    private int timeWaitMillis = 60_000;
    private int orphanMillis = 60_000;
    private int localPortFirst = 32_768;
    private int localPortLast = 65_535;

    private Builder() {}

    public Builder congestion(CongestionAlgorithm value) {
      congestion = value;
      return this;
    }

    public Builder pacing(boolean value) {
      pacing = value;
      return this;
    }

    public Builder ecn(boolean value) {
      ecn = value;
      return this;
    }

    public Builder sack(boolean value) {
      sack = value;
      return this;
    }

    public Builder timestamps(boolean value) {
      timestamps = value;
      return this;
    }

    public Builder windowScaling(boolean value) {
      windowScaling = value;
      return this;
    }

    public Builder noDelay(boolean value) {
      noDelay = value;
      return this;
    }

    public Builder initialReceiveBufferBytes(int value) {
      initialReceiveBufferBytes = value;
      return this;
    }

    public Builder maxReceiveBufferBytes(int value) {
      maxReceiveBufferBytes = value;
      return this;
    }

    public Builder initialSendBufferBytes(int value) {
      initialSendBufferBytes = value;
      return this;
    }

    public Builder maxSendBufferBytes(int value) {
      maxSendBufferBytes = value;
      return this;
    }

    public Builder stackBufferBytes(long value) {
      stackBufferBytes = value;
      return this;
    }

    public Builder maxGaps(int value) {
      maxGaps = value;
      return this;
    }

    public Builder maxConnections(int value) {
      maxConnections = value;
      return this;
    }

    public Builder maxTimeWaitRecords(int value) {
      maxTimeWaitRecords = value;
      return this;
    }

    public Builder maxHalfOpen(int value) {
      maxHalfOpen = value;
      return this;
    }

    public Builder minRtoMillis(int value) {
      minRtoMillis = value;
      return this;
    }

    public Builder initialRtoMillis(int value) {
      initialRtoMillis = value;
      return this;
    }

    public Builder maxRtoMillis(int value) {
      maxRtoMillis = value;
      return this;
    }

    public Builder delayedAckMillis(int value) {
      delayedAckMillis = value;
      return this;
    }

    public Builder connectTimeoutMillis(int value) {
      connectTimeoutMillis = value;
      return this;
    }

    public Builder handshakeTimeoutMillis(int value) {
      handshakeTimeoutMillis = value;
      return this;
    }

    public Builder userTimeoutMillis(int value) {
      userTimeoutMillis = value;
      return this;
    }

    public Builder keepAliveIdleMillis(int value) {
      keepAliveIdleMillis = value;
      return this;
    }

    public Builder keepAliveIntervalMillis(int value) {
      keepAliveIntervalMillis = value;
      return this;
    }

    public Builder keepAliveProbes(int value) {
      keepAliveProbes = value;
      return this;
    }

    public Builder timeWaitMillis(int value) {
      timeWaitMillis = value;
      return this;
    }

    public Builder orphanMillis(int value) {
      orphanMillis = value;
      return this;
    }

    public Builder localPortFirst(int value) {
      localPortFirst = value;
      return this;
    }

    public Builder localPortLast(int value) {
      localPortLast = value;
      return this;
    }

    public TcpConfig build() {
      return new TcpConfig(
          congestion,
          pacing,
          ecn,
          sack,
          timestamps,
          windowScaling,
          noDelay,
          initialReceiveBufferBytes,
          maxReceiveBufferBytes,
          initialSendBufferBytes,
          maxSendBufferBytes,
          stackBufferBytes,
          maxGaps,
          maxConnections,
          maxTimeWaitRecords,
          maxHalfOpen,
          minRtoMillis,
          initialRtoMillis,
          maxRtoMillis,
          delayedAckMillis,
          connectTimeoutMillis,
          handshakeTimeoutMillis,
          userTimeoutMillis,
          keepAliveIdleMillis,
          keepAliveIntervalMillis,
          keepAliveProbes,
          timeWaitMillis,
          orphanMillis,
          localPortFirst,
          localPortLast);
    }
  }
}
