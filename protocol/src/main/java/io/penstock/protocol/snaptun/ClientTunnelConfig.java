package io.penstock.protocol.snaptun;

import io.penstock.protocol.Bounds;
import java.time.Duration;

/// The settings of the client's end of a tunnel.
///
/// @param connectTimeoutNanos how long establishing may take
/// @param responseTimeoutNanos how long the response to one request may take
/// @param tokenTimeoutNanos how long the token supplier may take
/// @param autoRenewal whether the session is renewed by itself
/// @param renewalThresholdNanos a session that lasts less is renewed at once when established
/// @param keepAliveNanos after how long without packets the current token is presented again, at
///   the latest, so that QUIC does not find the connection idle; 0 for never
public record ClientTunnelConfig(
    long connectTimeoutNanos,
    long responseTimeoutNanos,
    long tokenTimeoutNanos,
    boolean autoRenewal,
    long renewalThresholdNanos,
    long keepAliveNanos) {

  /// Longer than the server waits, which then says why.
  public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /// Twice what a server of ours takes at most.
  public static final Duration DEFAULT_RESPONSE_TIMEOUT = Duration.ofSeconds(5);

  /// A round trip to an API over a bad link.
  public static final Duration DEFAULT_TOKEN_TIMEOUT = Duration.ofSeconds(30);

  /// The original's default.
  public static final Duration DEFAULT_RENEWAL_THRESHOLD = Duration.ofMinutes(5);

  /// QUIC's idle timeout as the original's programs have it.
  public static final Duration DEFAULT_IDLE_TIMEOUT = Duration.ofSeconds(30);

  /// Two keep-alives may get lost before the connection is idle.
  private static final int KEEP_ALIVES_PER_IDLE_TIMEOUT = 3;

  public ClientTunnelConfig {
    Bounds.requireAtLeast("connectTimeoutNanos", connectTimeoutNanos, 1);
    Bounds.requireAtLeast("responseTimeoutNanos", responseTimeoutNanos, 1);
    Bounds.requireAtLeast("tokenTimeoutNanos", tokenTimeoutNanos, 1);
    Bounds.requireAtLeast("renewalThresholdNanos", renewalThresholdNanos, 0);
    Bounds.requireAtLeast("keepAliveNanos", keepAliveNanos, 0);
  }

  /// The same, keeping alive no less often than thrice in the peer's idle timeout: the smaller one
  /// of both ends counts (RFC 9000, section 10.1).
  ///
  /// @param timeout what the peer's transport parameters say; zero if it has none
  public ClientTunnelConfig withPeerIdleTimeout(Duration timeout) {
    return timeout.isZero()
        ? this
        : withKeepAliveWithin(timeout.dividedBy(KEEP_ALIVES_PER_IDLE_TIMEOUT));
  }

  /// The same, keeping alive no less often than this, if at all.
  public ClientTunnelConfig withKeepAliveWithin(Duration interval) {
    return new ClientTunnelConfig(
        connectTimeoutNanos,
        responseTimeoutNanos,
        tokenTimeoutNanos,
        autoRenewal,
        renewalThresholdNanos,
        Math.min(keepAliveNanos, Math.max(1, interval.toNanos())));
  }

  /// Starts from the defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Collects settings; [#build] validates them.
  public static final class Builder {

    private Duration connectTimeout = DEFAULT_CONNECT_TIMEOUT;
    private Duration responseTimeout = DEFAULT_RESPONSE_TIMEOUT;
    private Duration tokenTimeout = DEFAULT_TOKEN_TIMEOUT;
    private boolean autoRenewal = true;
    private Duration renewalThreshold = DEFAULT_RENEWAL_THRESHOLD;
    private Duration idleTimeout = DEFAULT_IDLE_TIMEOUT;

    private Builder() {}

    public Builder connectTimeout(Duration limit) {
      this.connectTimeout = limit;
      return this;
    }

    public Builder responseTimeout(Duration limit) {
      this.responseTimeout = limit;
      return this;
    }

    public Builder tokenTimeout(Duration limit) {
      this.tokenTimeout = limit;
      return this;
    }

    /// Renews only on command.
    public Builder withoutAutoRenewal() {
      this.autoRenewal = false;
      return this;
    }

    public Builder renewalThreshold(Duration threshold) {
      this.renewalThreshold = threshold;
      return this;
    }

    /// Sets our own idle timeout of QUIC, a third of which is the time between keep-alives; zero
    /// for no keep-alives.
    public Builder idleTimeout(Duration timeout) {
      this.idleTimeout = timeout;
      return this;
    }

    public ClientTunnelConfig build() {
      return new ClientTunnelConfig(
          connectTimeout.toNanos(),
          responseTimeout.toNanos(),
          tokenTimeout.toNanos(),
          autoRenewal,
          renewalThreshold.toNanos(),
          idleTimeout.toNanos() / KEEP_ALIVES_PER_IDLE_TIMEOUT);
    }
  }
}
