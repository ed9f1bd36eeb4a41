package io.penstock.gateway.backend;

import java.time.Duration;

/// The limits under which agents are admitted and watched.
///
/// Memory: a connection that has not been admitted holds at most its TLS state and `helloBytes`,
/// and there are at most `maxUnadmitted` of them; an admitted one holds at most its smux buffers
/// (`receiveBufferBytes`, twice that in the worst case) and `sendBufferBytes`.
///
/// @param handshakeLimit for the TLS handshake of an agent, from the first byte of the connection
/// @param helloLimit for the agent's greeting, from the opening of the control stream
/// @param helloBytes size of the greeting
/// @param maxUnadmitted connections that are not admitted yet; beyond that the oldest is closed
/// @param maxConnections admitted connections in all; more are refused
/// @param pingInterval between two pings of one connection
/// @param pingLimit for the answer to one ping; it concerns that ping's stream alone
/// @param keepAliveInterval between two keep-alive frames that we send
/// @param keepAliveTimeout without any frame, after which a connection is closed
/// @param receiveBufferBytes unread bytes of all streams of a connection, in our own protocol
/// @param streamWindowBytes unread bytes of one stream, in our own protocol
/// @param originalReceiveBufferBytes unread bytes of a connection in the original protocol
/// @param stallLimit in the original protocol, for the session's buffer to stay full, before the
///   stream that holds most of it is closed
/// @param farewell how long a refused or killed connection may take to read why
/// @param phi the failure detector
public record BackendConfig(
    Duration handshakeLimit,
    Duration helloLimit,
    int helloBytes,
    int maxUnadmitted,
    int maxConnections,
    Duration pingInterval,
    Duration pingLimit,
    Duration keepAliveInterval,
    Duration keepAliveTimeout,
    int receiveBufferBytes,
    int streamWindowBytes,
    int originalReceiveBufferBytes,
    Duration stallLimit,
    Duration farewell,
    PhiConfig phi) {

  /// Two round trips on the worst of links, and a slow machine's key exchange.
  public static final Duration DEFAULT_HANDSHAKE_LIMIT = Duration.ofSeconds(10);

  /// An agent writes its greeting at once.
  public static final Duration DEFAULT_HELLO_LIMIT = Duration.ofSeconds(5);

  /// A token and 256 route names fit.
  public static final int DEFAULT_HELLO_BYTES = 16 * 1024;

  /// A burst of reconnects after an outage; a good agent needs its place for a moment only.
  public static final int DEFAULT_MAX_UNADMITTED = 1024;

  public static final int DEFAULT_MAX_CONNECTIONS = 20_000;

  /// The original's.
  public static final Duration DEFAULT_PING_INTERVAL = Duration.ofSeconds(5);

  /// The original's.
  public static final Duration DEFAULT_PING_LIMIT = Duration.ofSeconds(1);

  public static final Duration DEFAULT_KEEP_ALIVE_INTERVAL = Duration.ofSeconds(5);

  /// The original server's.
  public static final Duration DEFAULT_KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(15);

  /// Four full stream windows: one paused download never touches the others.
  public static final int DEFAULT_RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;

  /// At 100 ms it lets one stream pass 320 Mbit/s.
  public static final int DEFAULT_STREAM_WINDOW_BYTES = 4 * 1024 * 1024;

  /// The original's.
  public static final int DEFAULT_ORIGINAL_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

  public static final Duration DEFAULT_STALL_LIMIT = Duration.ofSeconds(5);

  public static final Duration DEFAULT_FAREWELL = Duration.ofSeconds(1);

  public static final BackendConfig DEFAULT =
      new BackendConfig(
          DEFAULT_HANDSHAKE_LIMIT,
          DEFAULT_HELLO_LIMIT,
          DEFAULT_HELLO_BYTES,
          DEFAULT_MAX_UNADMITTED,
          DEFAULT_MAX_CONNECTIONS,
          DEFAULT_PING_INTERVAL,
          DEFAULT_PING_LIMIT,
          DEFAULT_KEEP_ALIVE_INTERVAL,
          DEFAULT_KEEP_ALIVE_TIMEOUT,
          DEFAULT_RECEIVE_BUFFER_BYTES,
          DEFAULT_STREAM_WINDOW_BYTES,
          DEFAULT_ORIGINAL_RECEIVE_BUFFER_BYTES,
          DEFAULT_STALL_LIMIT,
          DEFAULT_FAREWELL,
          PhiConfig.every(DEFAULT_PING_INTERVAL));

  public BackendConfig {
    positive("tunnel.handshake_limit", handshakeLimit);
    positive("tunnel.hello_limit", helloLimit);
    atLeast("tunnel.hello_bytes", helloBytes, 256);
    atLeast("tunnel.max_unadmitted", maxUnadmitted, 1);
    atLeast("tunnel.max_connections", maxConnections, 1);
    positive("health.ping_interval", pingInterval);
    positive("health.ping_limit", pingLimit);
    if (pingLimit.compareTo(pingInterval) >= 0) {
      throw new IllegalArgumentException(
          "health.ping_limit is %s, allowed is less than health.ping_interval (%s)"
              .formatted(pingLimit, pingInterval));
    }
    positive("tunnel.keep_alive_interval", keepAliveInterval);
    positive("tunnel.keep_alive_timeout", keepAliveTimeout);
    atLeast("tunnel.receive_buffer_bytes", receiveBufferBytes, 65_536);
    atLeast("tunnel.stream_window_bytes", streamWindowBytes, 65_536);
    atLeast("tunnel.original_receive_buffer_bytes", originalReceiveBufferBytes, 65_536);
    positive("tunnel.stall_limit", stallLimit);
    positive("tunnel.farewell", farewell);
  }

  private static void positive(String key, Duration value) {
    if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          key + " is " + value + ", allowed is more than 0, at most a day");
    }
  }

  private static void atLeast(String key, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          key + " is " + value + ", allowed is " + least + " or more");
    }
  }
}
