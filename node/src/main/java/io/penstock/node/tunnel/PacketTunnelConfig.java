package io.penstock.node.tunnel;

import io.penstock.api.HostLookup;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.NodeName;
import io.penstock.api.client.RequestHeaders;
import io.penstock.api.config.Requirements;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.tls.Trust;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/// What a tunnel needs to know: where the gateway is, who the node is, and how patient to be.
///
/// @param gateway its TLS tunnel port, where sessions are bought; each reconnect looks it up anew
/// @param hosts finds the addresses of the gateway
/// @param trust how the gateway is known, for its API and for QUIC
/// @param token the secret of an API token with the scope `overlay`; asked for at every session, on
///   a thread that may block
/// @param headers that go along with each request to the gateway's API
/// @param identity the node's id and key; stays the caller's
/// @param name under which the others find the node, bound to its id by the first session
/// @param wanted addresses, at most one of each family; `0.0.0.0` and `::` mean any; none means one
///   of each family that the network has
/// @param quic the settings of the QUIC connection
/// @param answerLimit how long `hosts` and `token` may each take for an answer; after that the
///   attempt has failed, and they are asked again once they have returned
/// @param backoffLeast wait before the first reconnect, jittered
/// @param backoffMost the most that the doubling wait grows to
/// @param stableAfter connected time after which the wait starts small again
/// @param closeLimit how long `close` may take to tell the gateway
public record PacketTunnelConfig(
    HostPort gateway,
    HostLookup hosts,
    Trust trust,
    Supplier<String> token,
    RequestHeaders headers,
    NodeIdentity identity,
    String name,
    List<IpAddress> wanted,
    QuicConfig quic,
    Duration answerLimit,
    Duration backoffLeast,
    Duration backoffMost,
    Duration stableAfter,
    Duration closeLimit) {

  /// The resolvers of most machines give up by then, after two attempts.
  public static final Duration DEFAULT_ANSWER_LIMIT = Duration.ofSeconds(10);

  public static final Duration DEFAULT_BACKOFF_LEAST = Duration.ofMillis(500);

  /// A gateway that comes back is found within half a minute.
  public static final Duration DEFAULT_BACKOFF_MOST = Duration.ofSeconds(30);

  public static final Duration DEFAULT_STABLE_AFTER = Duration.ofMinutes(1);

  /// One packet has to leave; QUIC does not wait for an answer to it.
  public static final Duration DEFAULT_CLOSE_LIMIT = Duration.ofSeconds(2);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  public PacketTunnelConfig {
    wanted = List.copyOf(wanted);
    NodeName.require(name);
    Requirements.of("node")
        .that(!gateway.host().isEmpty(), "gateway", gateway, "HOST:PORT")
        .that(gateway.port() > 0, "gateway", gateway, "a port from 1 to 65535")
        .that(
            wanted.stream().map(IpAddress::family).distinct().count() == wanted.size(),
            "addresses",
            wanted,
            "one of each family")
        .between("answer_limit", answerLimit, SHORTEST, LONGEST)
        .between("backoff_least", backoffLeast, SHORTEST, LONGEST)
        .between("backoff_most", backoffMost, SHORTEST, LONGEST)
        .notBelow("backoff_most", backoffMost, "backoff_least", backoffLeast)
        .between("stable_after", stableAfter, SHORTEST, LONGEST)
        .between("close_limit", closeLimit, Duration.ZERO, LONGEST)
        .check();
  }

  /// Starts from the defaults: verified by the system's roots, any address of each family.
  public static Builder builder(HostPort gateway, NodeIdentity identity, String name) {
    return new Builder(gateway, identity, name);
  }

  /// Leaves the token out.
  @Override
  public String toString() {
    return "PacketTunnelConfig[gateway=%s, node=%s, name=%s, wanted=%s]"
        .formatted(gateway, identity.id(), name, wanted);
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private final HostPort gateway;
    private final NodeIdentity identity;
    private final String name;
    private HostLookup hosts = HostLookup.SYSTEM;
    private Trust trust = new Trust.SystemRoots();
    private Supplier<String> token = () -> "";
    private RequestHeaders headers = RequestHeaders.NONE;
    private List<IpAddress> wanted = List.of();
    private QuicConfig quic = QuicConfig.defaults();
    private Duration answerLimit = DEFAULT_ANSWER_LIMIT;
    private Duration backoffLeast = DEFAULT_BACKOFF_LEAST;
    private Duration backoffMost = DEFAULT_BACKOFF_MOST;
    private Duration stableAfter = DEFAULT_STABLE_AFTER;
    private Duration closeLimit = DEFAULT_CLOSE_LIMIT;

    private Builder(HostPort gateway, NodeIdentity identity, String name) {
      this.gateway = gateway;
      this.identity = identity;
      this.name = name;
    }

    public Builder hosts(HostLookup hosts) {
      this.hosts = hosts;
      return this;
    }

    public Builder trust(Trust trust) {
      this.trust = trust;
      return this;
    }

    public Builder token(String token) {
      return token(() -> token);
    }

    /// Reads the token from a file each time, so that it can be replaced.
    public Builder tokenFile(Path file) {
      return token(new TokenFile(file));
    }

    /// Asks for the token each time; what the supplier throws is a failed attempt.
    public Builder token(Supplier<String> token) {
      this.token = token;
      return this;
    }

    public Builder headers(RequestHeaders headers) {
      this.headers = headers;
      return this;
    }

    public Builder wanted(List<IpAddress> wanted) {
      this.wanted = wanted;
      return this;
    }

    public Builder quic(QuicConfig quic) {
      this.quic = quic;
      return this;
    }

    public Builder answerLimit(Duration limit) {
      this.answerLimit = limit;
      return this;
    }

    public Builder backoff(Duration least, Duration most) {
      this.backoffLeast = least;
      this.backoffMost = most;
      return this;
    }

    public Builder stableAfter(Duration time) {
      this.stableAfter = time;
      return this;
    }

    public Builder closeLimit(Duration limit) {
      this.closeLimit = limit;
      return this;
    }

    /// @throws IllegalArgumentException when a setting is not allowed, with its name and value
    public PacketTunnelConfig build() {
      return new PacketTunnelConfig(
          gateway,
          hosts,
          trust,
          token,
          headers,
          identity,
          name,
          wanted,
          quic,
          answerLimit,
          backoffLeast,
          backoffMost,
          stableAfter,
          closeLimit);
    }
  }
}
