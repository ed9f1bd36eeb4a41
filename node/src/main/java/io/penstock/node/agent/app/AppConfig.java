package io.penstock.node.agent.app;

import io.penstock.api.config.Requirements;
import io.penstock.node.backend.BackendConfig;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/// Where the local app is and how the agent talks to it.
///
/// @param target an `http` or `https` URL; a path in it is put before the path of every request
/// @param hostHeader what the app sees as `Host`
/// @param trust how the certificate of an `https` app is checked
/// @param maxHeadBytes head of a request or response
/// @param maxHeaders header lines in a head
/// @param maxIdleConnections to the app that are kept for the next request, per event loop
/// @param maxIdle how long one is kept
/// @param connectTimeout for a connection to the app, including TLS
/// @param headTimeout for the request head on a stream
/// @param finishWait how long the agent waits for the gateway to end a stream after the response
public record AppConfig(
    URI target,
    HostHeader hostHeader,
    Trust trust,
    int maxHeadBytes,
    int maxHeaders,
    int maxIdleConnections,
    Duration maxIdle,
    Duration connectTimeout,
    Duration headTimeout,
    Duration finishWait) {

  /// The gateway's limit with room for the headers that it adds.
  public static final int DEFAULT_MAX_HEAD_BYTES = 128 * 1024;

  /// The gateway's limit with room for the headers that it adds.
  public static final int DEFAULT_MAX_HEADERS = 256;

  /// As many as browsers and load tools keep open through one agent.
  public static final int DEFAULT_MAX_IDLE_CONNECTIONS = 64;

  /// Below the shortest keep-alive limit that is in common use among app servers (5 s), so that the
  /// app seldom closes a connection just as we use it.
  public static final Duration DEFAULT_MAX_IDLE = Duration.ofSeconds(4);

  /// The app is near.
  public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /// The gateway sends a head at once.
  public static final Duration DEFAULT_HEAD_TIMEOUT = Duration.ofSeconds(30);

  /// The gateway ends the stream when it has passed the response on, which may take as long as its
  /// visitor reads; what is left to read by then is at most a window.
  public static final Duration DEFAULT_FINISH_WAIT = Duration.ofSeconds(30);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(30);

  public AppConfig {
    String scheme = target.getScheme() == null ? "" : target.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new IllegalArgumentException(
          "target '" + target + "' is not an http:// or https:// URL");
    }
    if (target.getHost() == null) {
      throw new IllegalArgumentException("target '" + target + "' has no host");
    }
    if (target.getRawQuery() != null
        || target.getRawFragment() != null
        || target.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "target '"
              + target
              + "' has a query, a fragment or a user; only host, port and path are"
              + " allowed");
    }
    Requirements.of("app")
        .bytesAtLeast("max_head_bytes", maxHeadBytes, 1024)
        .atLeast("max_headers", maxHeaders, 8)
        .atLeast("max_idle_connections", maxIdleConnections, 0)
        .between("max_idle", maxIdle, SHORTEST, LONGEST)
        .between("connect_timeout", connectTimeout, SHORTEST, LONGEST)
        .between("head_timeout", headTimeout, SHORTEST, LONGEST)
        .between("finish_wait", finishWait, SHORTEST, LONGEST)
        .check();
  }

  /// A config with the defaults for everything but the target.
  public static AppConfig to(URI target) {
    return builder(target).build();
  }

  public static Builder builder(URI target) {
    return new Builder(target);
  }

  /// Where the app is, for whoever connects to it.
  BackendConfig backend() {
    String host = target.getHost();
    return new BackendConfig(
        InetSocketAddress.createUnresolved(host, port()),
        secure() ? Optional.of(new BackendConfig.Tls(trust, host)) : Optional.empty(),
        maxHeadBytes,
        maxHeaders,
        maxIdleConnections,
        maxIdle,
        connectTimeout);
  }

  boolean secure() {
    return target.getScheme().equalsIgnoreCase("https");
  }

  int port() {
    if (target.getPort() >= 0) {
      return target.getPort();
    }
    return secure() ? 443 : 80;
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private final URI target;
    private HostHeader hostHeader = new HostHeader.Preserve();
    private Trust trust = new Trust.SystemRoots();
    private int maxHeadBytes = DEFAULT_MAX_HEAD_BYTES;
    private int maxHeaders = DEFAULT_MAX_HEADERS;
    private int maxIdleConnections = DEFAULT_MAX_IDLE_CONNECTIONS;
    private Duration maxIdle = DEFAULT_MAX_IDLE;
    private Duration connectTimeout = DEFAULT_CONNECT_TIMEOUT;
    private Duration headTimeout = DEFAULT_HEAD_TIMEOUT;
    private Duration finishWait = DEFAULT_FINISH_WAIT;

    private Builder(URI target) {
      this.target = target;
    }

    public Builder hostHeader(HostHeader hostHeader) {
      this.hostHeader = hostHeader;
      return this;
    }

    public Builder trust(Trust trust) {
      this.trust = trust;
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

    public Builder maxIdleConnections(int maxIdleConnections) {
      this.maxIdleConnections = maxIdleConnections;
      return this;
    }

    public Builder maxIdle(Duration maxIdle) {
      this.maxIdle = maxIdle;
      return this;
    }

    public Builder connectTimeout(Duration connectTimeout) {
      this.connectTimeout = connectTimeout;
      return this;
    }

    public Builder headTimeout(Duration headTimeout) {
      this.headTimeout = headTimeout;
      return this;
    }

    public Builder finishWait(Duration finishWait) {
      this.finishWait = finishWait;
      return this;
    }

    public AppConfig build() {
      return new AppConfig(
          target,
          hostHeader,
          trust,
          maxHeadBytes,
          maxHeaders,
          maxIdleConnections,
          maxIdle,
          connectTimeout,
          headTimeout,
          finishWait);
    }
  }
}
