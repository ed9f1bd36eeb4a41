package io.penstock.protocol.snaptun;

import io.penstock.protocol.Bounds;
import java.time.Duration;

/// The settings of the server's end of a tunnel.
///
/// @param acceptTimeoutNanos how long establishing may take, from the end of the QUIC handshake
/// @param sendTimeoutNanos how long a peer may take to let an answer be sent
/// @param requestTimeoutNanos how long one request of an established tunnel may take to come and to
///   be decided
/// @param maxAddresses how many addresses a peer may have; 1 as in the original
public record ServerTunnelConfig(
    long acceptTimeoutNanos, long sendTimeoutNanos, long requestTimeoutNanos, int maxAddresses) {

  /// The original's `ACCEPT_TIMEOUT`.
  public static final Duration DEFAULT_ACCEPT_TIMEOUT = Duration.ofSeconds(3);

  /// The original's `SEND_TIMEOUT`, which it declares and never applies.
  public static final Duration DEFAULT_SEND_TIMEOUT = Duration.ofSeconds(2);

  /// As long as both requests may take when the tunnel is established.
  public static final Duration DEFAULT_REQUEST_TIMEOUT = DEFAULT_ACCEPT_TIMEOUT;

  /// One of each family.
  public static final int DEFAULT_ADDRESSES = 2;

  public ServerTunnelConfig {
    Bounds.requireAtLeast("acceptTimeoutNanos", acceptTimeoutNanos, 1);
    Bounds.requireAtLeast("sendTimeoutNanos", sendTimeoutNanos, 1);
    Bounds.requireAtLeast("requestTimeoutNanos", requestTimeoutNanos, 1);
    Bounds.requireBetween("maxAddresses", maxAddresses, 1, SnapTun.MAX_ADDRESSES);
  }

  /// Starts from the defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Collects settings; [#build] validates them.
  public static final class Builder {

    private Duration acceptTimeout = DEFAULT_ACCEPT_TIMEOUT;
    private Duration sendTimeout = DEFAULT_SEND_TIMEOUT;
    private Duration requestTimeout = DEFAULT_REQUEST_TIMEOUT;
    private int maxAddresses = DEFAULT_ADDRESSES;

    private Builder() {}

    public Builder acceptTimeout(Duration limit) {
      this.acceptTimeout = limit;
      return this;
    }

    public Builder sendTimeout(Duration limit) {
      this.sendTimeout = limit;
      return this;
    }

    public Builder requestTimeout(Duration limit) {
      this.requestTimeout = limit;
      return this;
    }

    public Builder maxAddresses(int addresses) {
      this.maxAddresses = addresses;
      return this;
    }

    public ServerTunnelConfig build() {
      return new ServerTunnelConfig(
          acceptTimeout.toNanos(), sendTimeout.toNanos(), requestTimeout.toNanos(), maxAddresses);
    }
  }
}
