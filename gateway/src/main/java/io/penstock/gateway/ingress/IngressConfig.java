package io.penstock.gateway.ingress;

import io.penstock.api.config.Requirements;
import java.time.Duration;
import java.util.List;

/// The limits and policies of the public HTTP listeners.
///
/// Memory: one connection holds at most `maxHeadBytes` of an unfinished head, about 64 KiB of
/// pipelined input, and `relayWindowBytes` in each direction of its exchange.
///
/// @param maxConnections visitor connections open at a time, over all listeners; more are closed at
///   once
/// @param maxHeadBytes request line and headers together; more is 431
/// @param maxHeaders header lines in a head; more is 431
/// @param maxTargetBytes request target; more is 414
/// @param maxBodyBytes request body; more is 413; 0 means no limit
/// @param maxDrainBytes rest of a request body that is read and thrown away after the response, so
///   that the connection can go on
/// @param relayWindowBytes bytes under way between the event loops of visitor and agent, each way
/// @param headTimeout from the first byte of a head (or the start of the connection) to its end;
///   408
/// @param keepAliveTimeout idle time between two requests
/// @param openTimeout for a stream to an agent
/// @param bodyTimeout from one piece of a request body to the next while the agent waits for it;
///   408
/// @param responseTimeout to the response head, from when the agent's stream has taken the last
///   byte of the request, or the last one that it would take; 504
/// @param stallTimeout without any progress of a body, in either direction, before the exchange is
///   cut
/// @param upgradedTimeout without a byte in either direction of an upgraded connection
/// @param drainTimeout for `maxDrainBytes`
/// @param trustedProxies whose forwarded headers are kept and appended to, as addresses or
///   `address/prefix`; those of everyone else are replaced
/// @param accessLog where the line for each request goes
public record IngressConfig(
    int maxConnections,
    int maxHeadBytes,
    int maxHeaders,
    int maxTargetBytes,
    long maxBodyBytes,
    int maxDrainBytes,
    int relayWindowBytes,
    Duration headTimeout,
    Duration keepAliveTimeout,
    Duration openTimeout,
    Duration bodyTimeout,
    Duration responseTimeout,
    Duration stallTimeout,
    Duration upgradedTimeout,
    Duration drainTimeout,
    List<String> trustedProxies,
    AccessLog accessLog) {

  /// Where the line for each request goes.
  public enum AccessLog {
    OFF,
    DEBUG,
    INFO
  }

  /// Enough for a busy site; at about 100 KiB each it stays under 2 GiB in the worst case.
  public static final int DEFAULT_MAX_CONNECTIONS = 20_000;

  /// Twice what the common servers take, because single sign-on cookies grow.
  public static final int DEFAULT_MAX_HEAD_BYTES = 64 * 1024;

  /// Browsers send about 20, proxies in front of us a few more.
  public static final int DEFAULT_MAX_HEADERS = 200;

  /// RFC 9110 asks for at least 8000 octets.
  public static final int DEFAULT_MAX_TARGET_BYTES = 16 * 1024;

  /// No limit: size caps on uploads are what users of such gateways complain about.
  public static final long DEFAULT_MAX_BODY_BYTES = 0;

  /// Cheaper to read than a new connection.
  public static final int DEFAULT_MAX_DRAIN_BYTES = 256 * 1024;

  /// Several read batches, so that neither loop waits for the other.
  public static final int DEFAULT_RELAY_WINDOW_BYTES = 256 * 1024;

  /// A head is one packet; ten seconds forgive a very bad link.
  public static final Duration DEFAULT_HEAD_TIMEOUT = Duration.ofSeconds(10);

  /// A little above what load balancers in front use (60 s), so that they close first.
  public static final Duration DEFAULT_KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(75);

  /// Opening a stream is a local act; it waits only when the agent's connection is congested.
  public static final Duration DEFAULT_OPEN_TIMEOUT = Duration.ofSeconds(10);

  /// What the common servers wait between two reads of a body.
  public static final Duration DEFAULT_BODY_TIMEOUT = Duration.ofMinutes(1);

  /// Twice the usual minute: an app that thinks long should meet its own limit before ours.
  public static final Duration DEFAULT_RESPONSE_TIMEOUT = Duration.ofMinutes(2);

  /// Long enough for a paused download; server-sent events should send a comment in this time.
  public static final Duration DEFAULT_STALL_TIMEOUT = Duration.ofMinutes(30);

  /// WebSockets that send nothing for this long are usually dead.
  public static final Duration DEFAULT_UPGRADED_TIMEOUT = Duration.ofHours(1);

  /// As long as a lingering close is worth.
  public static final Duration DEFAULT_DRAIN_TIMEOUT = Duration.ofSeconds(5);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(30);

  public static final IngressConfig DEFAULT = builder().build();

  public IngressConfig {
    Requirements.of("ingress")
        .atLeast("max_connections", maxConnections, 1)
        .bytesAtLeast("max_head_bytes", maxHeadBytes, 1024)
        .atLeast("max_headers", maxHeaders, 8)
        .bytesAtLeast("max_target_bytes", maxTargetBytes, 256)
        .bytesAtLeast("max_body_bytes", maxBodyBytes, 0)
        .bytesAtLeast("max_drain_bytes", maxDrainBytes, 0)
        .bytesAtLeast("relay_window_bytes", relayWindowBytes, 16 * 1024)
        .between("head_timeout", headTimeout, SHORTEST, LONGEST)
        .between("keep_alive_timeout", keepAliveTimeout, SHORTEST, LONGEST)
        .between("open_timeout", openTimeout, SHORTEST, LONGEST)
        .between("body_timeout", bodyTimeout, SHORTEST, LONGEST)
        .between("response_timeout", responseTimeout, SHORTEST, LONGEST)
        .between("stall_timeout", stallTimeout, SHORTEST, LONGEST)
        .between("upgraded_timeout", upgradedTimeout, SHORTEST, LONGEST)
        .between("drain_timeout", drainTimeout, SHORTEST, LONGEST)
        .check();
    trustedProxies = List.copyOf(trustedProxies);
    TrustedProxies.parse(trustedProxies);
  }

  public static Builder builder() {
    return new Builder();
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private int maxConnections = DEFAULT_MAX_CONNECTIONS;
    private int maxHeadBytes = DEFAULT_MAX_HEAD_BYTES;
    private int maxHeaders = DEFAULT_MAX_HEADERS;
    private int maxTargetBytes = DEFAULT_MAX_TARGET_BYTES;
    private long maxBodyBytes = DEFAULT_MAX_BODY_BYTES;
    private int maxDrainBytes = DEFAULT_MAX_DRAIN_BYTES;
    private int relayWindowBytes = DEFAULT_RELAY_WINDOW_BYTES;
    private Duration headTimeout = DEFAULT_HEAD_TIMEOUT;
    private Duration keepAliveTimeout = DEFAULT_KEEP_ALIVE_TIMEOUT;
    private Duration openTimeout = DEFAULT_OPEN_TIMEOUT;
    private Duration bodyTimeout = DEFAULT_BODY_TIMEOUT;
    private Duration responseTimeout = DEFAULT_RESPONSE_TIMEOUT;
    private Duration stallTimeout = DEFAULT_STALL_TIMEOUT;
    private Duration upgradedTimeout = DEFAULT_UPGRADED_TIMEOUT;
    private Duration drainTimeout = DEFAULT_DRAIN_TIMEOUT;
    private List<String> trustedProxies = List.of();
    private AccessLog accessLog = AccessLog.DEBUG;

    private Builder() {}

    public Builder maxConnections(int maxConnections) {
      this.maxConnections = maxConnections;
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

    public Builder maxTargetBytes(int maxTargetBytes) {
      this.maxTargetBytes = maxTargetBytes;
      return this;
    }

    public Builder maxBodyBytes(long maxBodyBytes) {
      this.maxBodyBytes = maxBodyBytes;
      return this;
    }

    public Builder maxDrainBytes(int maxDrainBytes) {
      this.maxDrainBytes = maxDrainBytes;
      return this;
    }

    public Builder relayWindowBytes(int relayWindowBytes) {
      this.relayWindowBytes = relayWindowBytes;
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

    public Builder openTimeout(Duration openTimeout) {
      this.openTimeout = openTimeout;
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

    public Builder drainTimeout(Duration drainTimeout) {
      this.drainTimeout = drainTimeout;
      return this;
    }

    public Builder trustedProxies(List<String> trustedProxies) {
      this.trustedProxies = trustedProxies;
      return this;
    }

    public Builder accessLog(AccessLog accessLog) {
      this.accessLog = accessLog;
      return this;
    }

    public IngressConfig build() {
      return new IngressConfig(
          maxConnections,
          maxHeadBytes,
          maxHeaders,
          maxTargetBytes,
          maxBodyBytes,
          maxDrainBytes,
          relayWindowBytes,
          headTimeout,
          keepAliveTimeout,
          openTimeout,
          bodyTimeout,
          responseTimeout,
          stallTimeout,
          upgradedTimeout,
          drainTimeout,
          trustedProxies,
          accessLog);
    }
  }
}
