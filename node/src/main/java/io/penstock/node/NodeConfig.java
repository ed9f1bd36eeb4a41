package io.penstock.node;

import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.NodeName;
import io.penstock.api.client.RequestHeaders;
import io.penstock.api.config.Requirements;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.serve.CertificateSource;
import io.penstock.node.serve.ServeLimits;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.node.tunnel.TokenFile;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.transport.tls.Trust;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// What a node needs to know.
///
/// @param gateway its TLS tunnel port; the one name that is asked of the host's DNS
/// @param dns how names are looked up: that of the gateway, and short ones by the program around
///   the node
/// @param trust how the gateway is known
/// @param token the secret of an API token with the scope `overlay`; asked for with every session,
///   on a thread that may block
/// @param headers that go along with each HTTP request to the gateway, for a proxy on the way
/// @param name the node's label, under which the others find it
/// @param state a directory that keeps who the node is and what it serves; empty for a node that is
///   another one with each start
/// @param addresses wanted, at most one of each family; `0.0.0.0` and `::` mean any; none means one
///   of each family that the network has
/// @param startLimit how long to wait for a node that has not joined yet, where a name is looked up
///   or an address of the node is needed without a dial
/// @param dialLimit how long a dial may take in all, also through the loopback proxy and the local
///   API: until the node has joined, the name is known, and the connection is made
/// @param nameLimit how long an unknown name is waited for, as a node that has just come may not be
///   heard of yet; in a dial no longer than that may take
/// @param answerLimit how long the token's supplier and the look-up of the gateway's host may each
///   take for an answer; after that the attempt has failed, and they are asked again once they have
///   returned
/// @param handshakeLimit how long a visitor of a TLS listener may take for the handshake
/// @param closeLimit how long `close` may take in all; what comes last still gets a tenth of a
///   second for each part, and a second for the event loop
/// @param backoffLeast wait before the first reconnect, jittered
/// @param backoffMost the most that the doubling wait grows to
/// @param fallback the limits of fallback flows
/// @param certificates where those of served TLS ports and TLS listeners come from; empty for the
///   gateway, which certifies the node's own name
/// @param serve the limits of served ports
/// @param stack the knobs of TCP, UDP and IP
public record NodeConfig(
    HostPort gateway,
    NodeDns dns,
    Trust trust,
    Supplier<String> token,
    RequestHeaders headers,
    String name,
    Optional<Path> state,
    List<IpAddress> addresses,
    Duration startLimit,
    Duration dialLimit,
    Duration nameLimit,
    Duration answerLimit,
    Duration handshakeLimit,
    Duration closeLimit,
    Duration backoffLeast,
    Duration backoffMost,
    FallbackConfig fallback,
    Optional<CertificateSource> certificates,
    ServeLimits serve,
    NetStackConfig stack) {

  /// The tunnel port of a gateway whose address names none.
  public static final int DEFAULT_GATEWAY_PORT = 7443;

  /// A session, a QUIC handshake and a lease over a slow path, with one or two repetitions.
  public static final Duration DEFAULT_START_LIMIT = Duration.ofSeconds(30);

  /// Four SYNs, and patience with a peer that is just coming back.
  public static final Duration DEFAULT_DIAL_LIMIT = Duration.ofSeconds(30);

  /// The gateway tells of new nodes at once; this is some round trips.
  public static final Duration DEFAULT_NAME_LIMIT = Duration.ofSeconds(1);

  /// Two round trips, over a very bad link.
  public static final Duration DEFAULT_HANDSHAKE_LIMIT = Duration.ofSeconds(10);

  /// Nothing in a node has much to say at its end.
  public static final Duration DEFAULT_CLOSE_LIMIT = Duration.ofSeconds(5);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  public NodeConfig {
    NodeName.require(name);
    addresses = List.copyOf(addresses);
    Requirements.of("node")
        .that(!gateway.host().isEmpty(), "gateway", gateway, "HOST:PORT")
        .that(gateway.port() > 0, "gateway", gateway, "a port from 1 to 65535")
        .that(
            addresses.stream().map(IpAddress::family).distinct().count() == addresses.size(),
            "addresses",
            addresses,
            "one of each family")
        .between("start_limit", startLimit, SHORTEST, LONGEST)
        .between("dial_limit", dialLimit, SHORTEST, LONGEST)
        .between("name_limit", nameLimit, Duration.ZERO, LONGEST)
        .between("answer_limit", answerLimit, SHORTEST, LONGEST)
        .between("handshake_limit", handshakeLimit, SHORTEST, LONGEST)
        .between("close_limit", closeLimit, SHORTEST, LONGEST)
        .between("backoff_least", backoffLeast, SHORTEST, LONGEST)
        .notBelow("backoff_most", backoffMost, "backoff_least", backoffLeast)
        .check();
  }

  /// Starts from the defaults: verified by the system's roots, an identity that is kept nowhere,
  /// any address of each family.
  ///
  /// @param gateway `HOST`, `HOST:PORT` or `https://HOST:PORT`, the tunnel port of the gateway
  /// @param name the node's label
  public static Builder builder(String gateway, String name) {
    return new Builder(parseGateway(gateway), name);
  }

  private static HostPort parseGateway(String text) {
    if (!text.contains("://")) {
      return HostPort.parse(text, DEFAULT_GATEWAY_PORT);
    }
    URI url = uri(text);
    boolean plain =
        "https".equals(url.getScheme())
            && url.getRawUserInfo() == null
            && url.getRawQuery() == null
            && url.getRawFragment() == null
            && (url.getRawPath().isEmpty() || url.getRawPath().equals("/"));
    if (!plain || url.getRawAuthority() == null) {
      throw new IllegalArgumentException(
          "\"%s\" is no address of a gateway, allowed is HOST, HOST:PORT or https://HOST:PORT without more"
              .formatted(text));
    }
    return HostPort.parse(url.getRawAuthority(), DEFAULT_GATEWAY_PORT);
  }

  private static URI uri(String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "\"%s\" is no address of a gateway: %s".formatted(text, e.getReason()), e);
    }
  }

  /// Leaves the token and the headers out.
  @Override
  public String toString() {
    return "NodeConfig[gateway=%s, name=%s, state=%s, addresses=%s]"
        .formatted(gateway, name, state.map(Path::toString).orElse("none"), addresses);
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private final HostPort gateway;
    private final String name;
    private NodeDns dns = NodeDns.DEFAULT;
    private Trust trust = new Trust.SystemRoots();
    private Supplier<String> token = () -> "";
    private RequestHeaders headers = RequestHeaders.NONE;
    private Optional<Path> state = Optional.empty();
    private List<IpAddress> addresses = List.of();
    private Duration startLimit = DEFAULT_START_LIMIT;
    private Duration dialLimit = DEFAULT_DIAL_LIMIT;
    private Duration nameLimit = DEFAULT_NAME_LIMIT;
    private Duration answerLimit = PacketTunnelConfig.DEFAULT_ANSWER_LIMIT;
    private Duration handshakeLimit = DEFAULT_HANDSHAKE_LIMIT;
    private Duration closeLimit = DEFAULT_CLOSE_LIMIT;
    private Duration backoffLeast = PacketTunnelConfig.DEFAULT_BACKOFF_LEAST;
    private Duration backoffMost = PacketTunnelConfig.DEFAULT_BACKOFF_MOST;
    private FallbackConfig fallback = FallbackConfig.DEFAULT;
    private Optional<CertificateSource> certificates = Optional.empty();
    private ServeLimits serve = ServeLimits.DEFAULT;
    private NetStackConfig stack = NetStackConfig.defaults();

    private Builder(HostPort gateway, String name) {
      this.gateway = gateway;
      this.name = name;
    }

    public Builder dns(NodeDns value) {
      dns = value;
      return this;
    }

    public Builder trust(Trust value) {
      trust = value;
      return this;
    }

    public Builder token(String value) {
      return token(() -> value);
    }

    /// Reads the token from a file each time, so that it can be replaced.
    public Builder tokenFile(Path file) {
      return token(new TokenFile(file));
    }

    /// Asks for the token each time; what the supplier throws is a failed attempt.
    public Builder token(Supplier<String> value) {
      token = value;
      return this;
    }

    /// Sends headers along with each HTTP request to the gateway.
    public Builder headers(RequestHeaders value) {
      headers = value;
      return this;
    }

    /// Keeps who the node is and what it serves in a directory, for one node at a time.
    public Builder state(Path directory) {
      state = Optional.of(directory);
      return this;
    }

    public Builder addresses(List<IpAddress> value) {
      addresses = value;
      return this;
    }

    public Builder startLimit(Duration value) {
      startLimit = value;
      return this;
    }

    public Builder dialLimit(Duration value) {
      dialLimit = value;
      return this;
    }

    public Builder nameLimit(Duration value) {
      nameLimit = value;
      return this;
    }

    public Builder answerLimit(Duration value) {
      answerLimit = value;
      return this;
    }

    public Builder handshakeLimit(Duration value) {
      handshakeLimit = value;
      return this;
    }

    public Builder closeLimit(Duration value) {
      closeLimit = value;
      return this;
    }

    public Builder backoff(Duration least, Duration most) {
      backoffLeast = least;
      backoffMost = most;
      return this;
    }

    public Builder fallback(FallbackConfig value) {
      fallback = value;
      return this;
    }

    /// Shows certificates of one's own on served ports and TLS listeners, in place of those that
    /// the gateway issues.
    public Builder certificates(CertificateSource value) {
      certificates = Optional.of(value);
      return this;
    }

    public Builder serve(ServeLimits value) {
      serve = value;
      return this;
    }

    public Builder stack(NetStackConfig value) {
      stack = value;
      return this;
    }

    /// @throws IllegalArgumentException when a setting is not allowed, with its name and value
    public NodeConfig build() {
      return new NodeConfig(
          gateway,
          dns,
          trust,
          token,
          headers,
          name,
          state,
          addresses,
          startLimit,
          dialLimit,
          nameLimit,
          answerLimit,
          handshakeLimit,
          closeLimit,
          backoffLeast,
          backoffMost,
          fallback,
          certificates,
          serve,
          stack);
    }
  }
}
