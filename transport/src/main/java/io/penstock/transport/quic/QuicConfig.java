package io.penstock.transport.quic;

import io.penstock.protocol.Bounds;
import java.time.Duration;

/// The settings of QUIC at either end of a connection.
///
/// @param idleTimeout how long a connection lives without hearing from its peer; the smaller one of
///   both ends counts (RFC 9000, section 10.1)
/// @param handshakeTimeout how long a connection may take to become established
/// @param tokenLifetime how long a client has to come back with the server's proof of its address
/// @param maxUdpPayloadBytes the largest UDP payload that path MTU discovery tries
/// @param maxStreams how many bidirectional streams a peer may have open at one time
/// @param streamWindowBytes how much a stream may bring before it is read; a connection as a whole
///   may bring four times that
/// @param maxConnections most connections of a server at one time, unestablished ones included
/// @param socketReceiveBytes what the system may keep for each UDP socket that was not read yet; it
///   may grant less
/// @param socketSendBytes the same for what was written; a connection stops to write while half of
///   that waits for the system, too
/// @param datagrams the bounds of the datagram queues
public record QuicConfig(
    Duration idleTimeout,
    Duration handshakeTimeout,
    Duration tokenLifetime,
    int maxUdpPayloadBytes,
    int maxStreams,
    int streamWindowBytes,
    int maxConnections,
    int socketReceiveBytes,
    int socketSendBytes,
    DatagramConfig datagrams) {

  /// As most stacks have it; NAT bindings for UDP live about as long.
  public static final Duration DEFAULT_IDLE_TIMEOUT = Duration.ofSeconds(30);

  /// Three retransmissions of the first packet, which come after 1, 3 and 7 seconds.
  public static final Duration DEFAULT_HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  /// A round trip and a few retransmissions.
  public static final Duration DEFAULT_TOKEN_LIFETIME = Duration.ofSeconds(15);

  /// What is left of an Ethernet frame behind IPv6 and UDP headers.
  public static final int DEFAULT_MAX_UDP_PAYLOAD_BYTES = 1452;

  /// One per control request that a peer has open; it is never near this.
  public static final int DEFAULT_MAX_STREAMS = 100;

  /// Sixteen times the largest control request.
  public static final int DEFAULT_STREAM_WINDOW_BYTES = 64 * 1024;

  /// About 400 MB of native memory with every connection in use.
  public static final int DEFAULT_MAX_CONNECTIONS = 10_000;

  /// Holds a burst of several windows.
  public static final int DEFAULT_SOCKET_BYTES = 4 * 1024 * 1024;

  private static final int LEAST_SOCKET_BYTES = 64 * 1024;
  private static final int MOST_SOCKET_BYTES = 1024 * 1024 * 1024;

  public QuicConfig {
    Bounds.requireBetween("quic idleTimeout in milliseconds", idleTimeout.toMillis(), 100, 600_000);
    Bounds.requireBetween(
        "quic handshakeTimeout in milliseconds", handshakeTimeout.toMillis(), 100, 600_000);
    Bounds.requireBetween(
        "quic tokenLifetime in milliseconds", tokenLifetime.toMillis(), 100, 600_000);
    Bounds.requireBetween("quic maxUdpPayloadBytes", maxUdpPayloadBytes, 1200, 9_000);
    Bounds.requireBetween("quic maxStreams", maxStreams, 1, 10_000);
    Bounds.requireBetween("quic streamWindowBytes", streamWindowBytes, 4096, 16 * 1024 * 1024);
    Bounds.requireBetween("quic maxConnections", maxConnections, 1, 1_000_000);
    Bounds.requireBetween(
        "quic socketReceiveBytes", socketReceiveBytes, LEAST_SOCKET_BYTES, MOST_SOCKET_BYTES);
    Bounds.requireBetween(
        "quic socketSendBytes", socketSendBytes, LEAST_SOCKET_BYTES, MOST_SOCKET_BYTES);
  }

  public static QuicConfig defaults() {
    return builder().build();
  }

  public static Builder builder() {
    return new Builder();
  }

  /// Collects settings, each of which starts at its default.
  public static final class Builder {
    private Duration idleTimeout = DEFAULT_IDLE_TIMEOUT;
    private Duration handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT;
    private Duration tokenLifetime = DEFAULT_TOKEN_LIFETIME;
    private int maxUdpPayloadBytes = DEFAULT_MAX_UDP_PAYLOAD_BYTES;
    private int maxStreams = DEFAULT_MAX_STREAMS;
    private int streamWindowBytes = DEFAULT_STREAM_WINDOW_BYTES;
    private int maxConnections = DEFAULT_MAX_CONNECTIONS;
    private int socketReceiveBytes = DEFAULT_SOCKET_BYTES;
    private int socketSendBytes = DEFAULT_SOCKET_BYTES;
    private DatagramConfig datagrams = DatagramConfig.defaults();

    private Builder() {}

    public Builder idleTimeout(Duration value) {
      idleTimeout = value;
      return this;
    }

    public Builder handshakeTimeout(Duration value) {
      handshakeTimeout = value;
      return this;
    }

    public Builder tokenLifetime(Duration value) {
      tokenLifetime = value;
      return this;
    }

    public Builder maxUdpPayloadBytes(int value) {
      maxUdpPayloadBytes = value;
      return this;
    }

    public Builder maxStreams(int value) {
      maxStreams = value;
      return this;
    }

    public Builder streamWindowBytes(int value) {
      streamWindowBytes = value;
      return this;
    }

    public Builder maxConnections(int value) {
      maxConnections = value;
      return this;
    }

    public Builder socketBytes(int receive, int send) {
      socketReceiveBytes = receive;
      socketSendBytes = send;
      return this;
    }

    public Builder datagrams(DatagramConfig value) {
      datagrams = value;
      return this;
    }

    public QuicConfig build() {
      return new QuicConfig(
          idleTimeout,
          handshakeTimeout,
          tokenLifetime,
          maxUdpPayloadBytes,
          maxStreams,
          streamWindowBytes,
          maxConnections,
          socketReceiveBytes,
          socketSendBytes,
          datagrams);
    }
  }
}
