package io.penstock.node.serve;

import io.penstock.api.config.Requirements;
import java.time.Duration;

/// How much the served ports of a node take, and how long they wait.
///
/// Memory: a connection holds at most `maxHeadBytes` of an unfinished head and about 256 KiB in
/// each direction of an exchange, one of HTTP/2 that for each of its `maxStreams`.
///
/// @param maxConnections in flight on one port; more wait in the backlog, and then the peer feels
///   it
/// @param maxStreams of one HTTP/2 connection at a time
/// @param maxHeadBytes of a request or of a backend's response; more is 431 or 502
/// @param maxHeaders header lines in a head; more is 431 or 502
/// @param maxDrainBytes rest of a request body that is read and thrown away after the response
/// @param maxAcceptedRequests that wait for the embedder; more are 502
/// @param handshakeTimeout for TLS
/// @param headTimeout from the first byte of a head (or the start of the connection) to its end;
///   408
/// @param keepAliveTimeout idle time between two requests
/// @param bodyTimeout from one piece of a request body to the next while the backend waits for it;
///   408
/// @param responseTimeout to the response head, from when the backend has taken the request; 504
/// @param stallTimeout without any progress of a body, in either direction
/// @param upgradedTimeout without a byte in either direction of an upgraded connection
/// @param forwardTimeout without a byte in either direction of a TCP forward
/// @param drainTimeout for `maxDrainBytes`
/// @param connectTimeout for a connection to a backend, including TLS
/// @param maxIdleConnections to a backend that are kept for the next request
/// @param maxIdle how long one is kept
public record ServeLimits(
    int maxConnections,
    int maxStreams,
    int maxHeadBytes,
    int maxHeaders,
    int maxDrainBytes,
    int maxAcceptedRequests,
    Duration handshakeTimeout,
    Duration headTimeout,
    Duration keepAliveTimeout,
    Duration bodyTimeout,
    Duration responseTimeout,
    Duration stallTimeout,
    Duration upgradedTimeout,
    Duration forwardTimeout,
    Duration drainTimeout,
    Duration connectTimeout,
    int maxIdleConnections,
    Duration maxIdle) {

  /// Many for a private network; each costs some KiB when it does nothing.
  public static final int DEFAULT_MAX_CONNECTIONS = 256;

  /// What RFC 9113 section 6.5.2 recommends at least.
  public static final int DEFAULT_MAX_STREAMS = 100;

  /// What the common servers take.
  public static final int DEFAULT_MAX_HEAD_BYTES = 8 * 1024;

  /// Browsers send about 20.
  public static final int DEFAULT_MAX_HEADERS = 100;

  /// Cheaper to read than a new connection.
  public static final int DEFAULT_MAX_DRAIN_BYTES = 256 * 1024;

  /// As many as connections on one port.
  public static final int DEFAULT_MAX_ACCEPTED_REQUESTS = 256;

  /// Two round trips, over a very bad link.
  public static final Duration DEFAULT_HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  /// A head is a few packets.
  public static final Duration DEFAULT_HEAD_TIMEOUT = Duration.ofSeconds(10);

  /// What browsers expect of a server.
  public static final Duration DEFAULT_KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(75);

  /// What the common servers wait between two reads of a body.
  public static final Duration DEFAULT_BODY_TIMEOUT = Duration.ofMinutes(1);

  /// Twice the usual minute: an app that thinks long should meet its own limit before ours.
  public static final Duration DEFAULT_RESPONSE_TIMEOUT = Duration.ofMinutes(2);

  /// Long enough for a paused download.
  public static final Duration DEFAULT_STALL_TIMEOUT = Duration.ofMinutes(30);

  /// WebSockets that send nothing for this long are usually dead.
  public static final Duration DEFAULT_UPGRADED_TIMEOUT = Duration.ofHours(1);

  /// A terminal may be left alone over night.
  public static final Duration DEFAULT_FORWARD_TIMEOUT = Duration.ofHours(24);

  /// As long as a lingering close is worth.
  public static final Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(5);

  /// What the original waits.
  public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /// As the original keeps.
  public static final int DEFAULT_MAX_IDLE_CONNECTIONS = 100;

  /// Below the shortest keep-alive limit that is in common use among app servers (5 s), so that the
  /// backend seldom closes a connection just as we use it.
  public static final Duration DEFAULT_MAX_IDLE = Duration.ofSeconds(4);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(30);

  public static final ServeLimits DEFAULT = builder().build();

  public ServeLimits {
    Requirements.of("serve")
        .between("max_connections", maxConnections, 1, 1_000_000)
        .between("max_streams", maxStreams, 1, 10_000)
        .bytesAtLeast("max_head_bytes", maxHeadBytes, 1024)
        .atLeast("max_headers", maxHeaders, 8)
        .bytesAtLeast("max_drain_bytes", maxDrainBytes, 0)
        .atLeast("max_accepted_requests", maxAcceptedRequests, 1)
        .between("handshake_timeout", handshakeTimeout, SHORTEST, LONGEST)
        .between("head_timeout", headTimeout, SHORTEST, LONGEST)
        .between("keep_alive_timeout", keepAliveTimeout, SHORTEST, LONGEST)
        .between("body_timeout", bodyTimeout, SHORTEST, LONGEST)
        .between("response_timeout", responseTimeout, SHORTEST, LONGEST)
        .between("stall_timeout", stallTimeout, SHORTEST, LONGEST)
        .between("upgraded_timeout", upgradedTimeout, SHORTEST, LONGEST)
        .between("forward_timeout", forwardTimeout, SHORTEST, LONGEST)
        .between("drain_timeout", drainTimeout, SHORTEST, LONGEST)
        .between("connect_timeout", connectTimeout, SHORTEST, LONGEST)
        .atLeast("max_idle_connections", maxIdleConnections, 0)
        .between("max_idle", maxIdle, SHORTEST, LONGEST)
        .check();
  }

  public static Builder builder() {
    return new Builder();
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private int maxConnections = DEFAULT_MAX_CONNECTIONS;
    private int maxStreams = DEFAULT_MAX_STREAMS;
    private int maxHeadBytes = DEFAULT_MAX_HEAD_BYTES;
    private int maxHeaders = DEFAULT_MAX_HEADERS;
    private int maxDrainBytes = DEFAULT_MAX_DRAIN_BYTES;
    private int maxAcceptedRequests = DEFAULT_MAX_ACCEPTED_REQUESTS;
    private Duration handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT;
    private Duration headTimeout = DEFAULT_HEAD_TIMEOUT;
    private Duration keepAliveTimeout = DEFAULT_KEEP_ALIVE_TIMEOUT;
    private Duration bodyTimeout = DEFAULT_BODY_TIMEOUT;
    private Duration responseTimeout = DEFAULT_RESPONSE_TIMEOUT;
    private Duration stallTimeout = DEFAULT_STALL_TIMEOUT;
    private Duration upgradedTimeout = DEFAULT_UPGRADED_TIMEOUT;
    private Duration forwardTimeout = DEFAULT_FORWARD_TIMEOUT;
    private Duration drainTimeout = DEFAULT_DRAIN_TIMEOUT;
    private Duration connectTimeout = DEFAULT_CONNECT_TIMEOUT;
    private int maxIdleConnections = DEFAULT_MAX_IDLE_CONNECTIONS;
    private Duration maxIdle = DEFAULT_MAX_IDLE;

    private Builder() {}

    public Builder maxConnections(int maxConnections) {
      this.maxConnections = maxConnections;
      return this;
    }

    public Builder maxStreams(int maxStreams) {
      this.maxStreams = maxStreams;
      return this;
    }

    public Builder maxHeadBytes(int maxHeadBytes) {
      this.maxHeadBytes = maxHeadBytes;
      return this;
    }

    public Builder maxHeaders(int maxHeaders) {
      this.maxHeaders = maxHeaders;
      return this;
    }

    public Builder maxDrainBytes(int maxDrainBytes) {
      this.maxDrainBytes = maxDrainBytes;
      return this;
    }

    public Builder maxAcceptedRequests(int maxAcceptedRequests) {
      this.maxAcceptedRequests = maxAcceptedRequests;
      return this;
    }

    public Builder handshakeTimeout(Duration handshakeTimeout) {
      this.handshakeTimeout = handshakeTimeout;
      return this;
    }

    public Builder headTimeout(Duration headTimeout) {
      this.headTimeout = headTimeout;
      return this;
    }

    public Builder keepAliveTimeout(Duration keepAliveTimeout) {
      this.keepAliveTimeout = keepAliveTimeout;
      return this;
    }

    public Builder bodyTimeout(Duration bodyTimeout) {
      this.bodyTimeout = bodyTimeout;
      return this;
    }

    public Builder responseTimeout(Duration responseTimeout) {
      this.responseTimeout = responseTimeout;
      return this;
    }

    public Builder stallTimeout(Duration stallTimeout) {
      this.stallTimeout = stallTimeout;
      return this;
    }

    public Builder upgradedTimeout(Duration upgradedTimeout) {
      this.upgradedTimeout = upgradedTimeout;
      return this;
    }

    public Builder forwardTimeout(Duration forwardTimeout) {
      this.forwardTimeout = forwardTimeout;
      return this;
    }

    public Builder drainTimeout(Duration drainTimeout) {
      this.drainTimeout = drainTimeout;
      return this;
    }

    public Builder connectTimeout(Duration connectTimeout) {
      this.connectTimeout = connectTimeout;
      return this;
    }

    public Builder maxIdleConnections(int maxIdleConnections) {
      this.maxIdleConnections = maxIdleConnections;
      return this;
    }

    public Builder maxIdle(Duration maxIdle) {
      this.maxIdle = maxIdle;
      return this;
    }

    public ServeLimits build() {
      return new ServeLimits(
          maxConnections,
          maxStreams,
          maxHeadBytes,
          maxHeaders,
          maxDrainBytes,
          maxAcceptedRequests,
          handshakeTimeout,
          headTimeout,
          keepAliveTimeout,
          bodyTimeout,
          responseTimeout,
          stallTimeout,
          upgradedTimeout,
          forwardTimeout,
          drainTimeout,
          connectTimeout,
          maxIdleConnections,
          maxIdle);
    }
  }
}
