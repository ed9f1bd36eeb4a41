package io.penstock.gateway.backend;

import io.penstock.api.config.Durations;
import io.penstock.api.config.Requirements;
import java.time.Duration;

/// The limits under which agents are admitted and kept.
///
/// Memory: a connection that is not admitted holds at most its TLS state and `helloBytes`, and
/// there are at most `maxUnadmitted` of them; an admitted one holds at most its receive buffer and
/// what is on its way out.
///
/// @param handshakeLimit for the TLS handshake, from the first byte of the connection
/// @param helloLimit for the agent's greeting, from the opening of the control stream
/// @param helloBytes size of the greeting
/// @param maxUnadmitted connections that are not admitted yet; beyond that the oldest is closed
/// @param maxConnections admitted connections in all; more are refused
/// @param keepAliveInterval between two keep-alive frames that we send
/// @param keepAliveTimeout without any frame, after which a connection is closed
/// @param receiveBufferBytes unread bytes of all streams of a connection, in our own protocol
/// @param streamWindowBytes unread bytes of one stream, in our own protocol
/// @param originalReceiveBufferBytes unread bytes of a connection in the original protocol
/// @param stallLimit in the original protocol, for the session's buffer to stay full, before the
///   stream that holds most of it is closed
/// @param farewell how long a refused or killed connection may take to read why
public record BackendConfig(
    Duration handshakeLimit,
    Duration helloLimit,
    int helloBytes,
    int maxUnadmitted,
    int maxConnections,
    Duration keepAliveInterval,
    Duration keepAliveTimeout,
    int receiveBufferBytes,
    int streamWindowBytes,
    int originalReceiveBufferBytes,
    Duration stallLimit,
    Duration farewell) {

  /// Two round trips on the worst of links, and a slow machine's key exchange.
  public static final Duration DEFAULT_HANDSHAKE_LIMIT = Duration.ofSeconds(10);

  /// An agent writes its greeting at once.
  public static final Duration DEFAULT_HELLO_LIMIT = Duration.ofSeconds(5);

  /// A token and 256 route names of usual length fit.
  public static final int DEFAULT_HELLO_BYTES = 16 * 1024;

  /// A burst of reconnects after an outage; a good agent needs its place for a moment only.
  public static final int DEFAULT_MAX_UNADMITTED = 1024;

  /// What one process carries with a few hundred KiB for each.
  public static final int DEFAULT_MAX_CONNECTIONS = 20_000;

  /// As often as a connection is pinged.
  public static final Duration DEFAULT_KEEP_ALIVE_INTERVAL = Duration.ofSeconds(5);

  /// The original server's.
  public static final Duration DEFAULT_KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(15);

  /// Four full stream windows: one paused download never touches the others.
  public static final int DEFAULT_RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;

  /// At a round trip of 100 ms one stream passes 320 Mbit/s.
  public static final int DEFAULT_STREAM_WINDOW_BYTES = 4 * 1024 * 1024;

  /// The original's.
  public static final int DEFAULT_ORIGINAL_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

  /// Long against any pause of a healthy visitor, short enough that the others wait.
  public static final Duration DEFAULT_STALL_LIMIT = Duration.ofSeconds(5);

  /// One sentence fits into one packet.
  public static final Duration DEFAULT_FAREWELL = Duration.ofSeconds(1);

  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofHours(24);
  private static final int LEAST_BUFFER_BYTES = 64 * 1024;
  private static final int MOST_BUFFER_BYTES = 1 << 30;

  /// What holds when nothing is set.
  public static final BackendConfig DEFAULT =
      new BackendConfig(
          DEFAULT_HANDSHAKE_LIMIT,
          DEFAULT_HELLO_LIMIT,
          DEFAULT_HELLO_BYTES,
          DEFAULT_MAX_UNADMITTED,
          DEFAULT_MAX_CONNECTIONS,
          DEFAULT_KEEP_ALIVE_INTERVAL,
          DEFAULT_KEEP_ALIVE_TIMEOUT,
          DEFAULT_RECEIVE_BUFFER_BYTES,
          DEFAULT_STREAM_WINDOW_BYTES,
          DEFAULT_ORIGINAL_RECEIVE_BUFFER_BYTES,
          DEFAULT_STALL_LIMIT,
          DEFAULT_FAREWELL);

  public BackendConfig {
    Requirements.of("tunnel")
        .between("handshake_limit", handshakeLimit, SHORTEST, LONGEST)
        .between("hello_limit", helloLimit, SHORTEST, LONGEST)
        .bytesBetween("hello_bytes", helloBytes, 256, 1024 * 1024)
        .between("max_unadmitted", maxUnadmitted, 1, 1_000_000)
        .between("max_connections", maxConnections, 1, 1_000_000)
        .between("keep_alive_interval", keepAliveInterval, SHORTEST, LONGEST)
        .between("keep_alive_timeout", keepAliveTimeout, SHORTEST, LONGEST)
        .that(
            keepAliveTimeout.compareTo(keepAliveInterval) > 0,
            "keep_alive_timeout",
            Durations.format(keepAliveTimeout),
            "more than keep_alive_interval (" + Durations.format(keepAliveInterval) + ")")
        .bytesBetween(
            "receive_buffer_bytes", receiveBufferBytes, LEAST_BUFFER_BYTES, MOST_BUFFER_BYTES)
        .bytesBetween(
            "stream_window_bytes", streamWindowBytes, LEAST_BUFFER_BYTES, receiveBufferBytes)
        .bytesBetween(
            "original_receive_buffer_bytes",
            originalReceiveBufferBytes,
            LEAST_BUFFER_BYTES,
            MOST_BUFFER_BYTES)
        .between("stall_limit", stallLimit, SHORTEST, LONGEST)
        .between("farewell", farewell, SHORTEST, LONGEST)
        .check();
  }
}
