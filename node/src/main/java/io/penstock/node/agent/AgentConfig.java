package io.penstock.node.agent;

import io.penstock.api.config.Requirements;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/// What an agent needs to know: where the gateway is, who we are, and which app to show.
///
/// @param gateway name and port of the gateway's TLS tunnel port, unresolved so that every
///   reconnect asks the DNS anew
/// @param security how the gateway is verified
/// @param transport TCP or KCP
/// @param kcp the knobs of KCP, used if that is the transport
/// @param token the secret of an API token with the scope `connect`; asked for at every connect, on
///   a virtual thread
/// @param domains the routes to serve, as `route add` prints them; none means the user's only one
/// @param app the local app
/// @param connections to the gateway at the same time, so that one congested connection is not the
///   whole agent; a gateway of the original kind gets as many as there are routes if those are more
/// @param connectLimit for a connection including its TLS handshake, and a second one if the
///   gateway refuses our application protocol
/// @param kcpLimit for the same over KCP, before TCP is tried
/// @param helloLimit for the gateway's answer to our greeting
/// @param firstPingLimit for the first request from a gateway that does not answer
/// @param keepAliveInterval between two keep-alive frames that we send
/// @param silenceLimit without a frame from the gateway, after which we reconnect
/// @param backoffLeast wait before the first reconnect, jittered
/// @param backoffMost the most that the doubling wait grows to
/// @param stableAfter connected time after which the wait starts small again
/// @param drainLimit how long `close` lets requests finish
public record AgentConfig(
    InetSocketAddress gateway,
    GatewaySecurity security,
    GatewayTransport transport,
    KcpConfig kcp,
    Supplier<String> token,
    List<String> domains,
    AppConfig app,
    int connections,
    Duration connectLimit,
    Duration kcpLimit,
    Duration helloLimit,
    Duration firstPingLimit,
    Duration keepAliveInterval,
    Duration silenceLimit,
    Duration backoffLeast,
    Duration backoffMost,
    Duration stableAfter,
    Duration drainLimit) {

  public static final int DEFAULT_CONNECTIONS = 2;
  public static final Duration DEFAULT_CONNECT_LIMIT = Duration.ofSeconds(10);

  /// Several of KCP's retransmissions; a blocked UDP port should not cost the user more.
  public static final Duration DEFAULT_KCP_LIMIT = Duration.ofSeconds(5);

  /// The gateway's own limit for the greeting, and a little for the way.
  public static final Duration DEFAULT_HELLO_LIMIT = Duration.ofSeconds(10);

  /// The original pings every five seconds, first after five.
  public static final Duration DEFAULT_FIRST_PING_LIMIT = Duration.ofSeconds(10);

  public static final Duration DEFAULT_KEEP_ALIVE_INTERVAL = Duration.ofSeconds(5);

  /// Three keep-alives missed.
  public static final Duration DEFAULT_SILENCE_LIMIT = Duration.ofSeconds(15);

  public static final Duration DEFAULT_BACKOFF_LEAST = Duration.ofMillis(500);

  /// A gateway that comes back is found within half a minute.
  public static final Duration DEFAULT_BACKOFF_MOST = Duration.ofSeconds(30);

  public static final Duration DEFAULT_STABLE_AFTER = Duration.ofMinutes(1);
  public static final Duration DEFAULT_DRAIN_LIMIT = Duration.ofSeconds(30);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  public AgentConfig {
    domains = List.copyOf(domains);
    Requirements.of("agent")
        .that(
            domains.size() <= AgentHello.MAX_DOMAINS,
            "domains",
            "a list of " + domains.size(),
            "at most " + AgentHello.MAX_DOMAINS)
        .between("connections", connections, 1, TunnelNames.MAX_CONNECTION_NUMBER + 1)
        .between("connect_limit", connectLimit, SHORTEST, LONGEST)
        .between("kcp_limit", kcpLimit, SHORTEST, LONGEST)
        .between("hello_limit", helloLimit, SHORTEST, LONGEST)
        .between("first_ping_limit", firstPingLimit, SHORTEST, LONGEST)
        .between("keep_alive_interval", keepAliveInterval, SHORTEST, LONGEST)
        .between("silence_limit", silenceLimit, SHORTEST, LONGEST)
        .notBelow("silence_limit", silenceLimit, "keep_alive_interval", keepAliveInterval)
        .between("backoff_least", backoffLeast, SHORTEST, LONGEST)
        .between("backoff_most", backoffMost, SHORTEST, LONGEST)
        .notBelow("backoff_most", backoffMost, "backoff_least", backoffLeast)
        .between("stable_after", stableAfter, SHORTEST, LONGEST)
        .between("drain_limit", drainLimit, Duration.ZERO, LONGEST)
        .check();
  }

  /// Starts from the defaults: TLS over TCP, verified by the system's roots, two connections.
  ///
  /// @param host the gateway's name or address
  public static Builder builder(String host, int port, AppConfig app) {
    return new Builder(InetSocketAddress.createUnresolved(host, port), app);
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private final InetSocketAddress gateway;
    private final AppConfig app;
    private GatewaySecurity security = new GatewaySecurity.Tls(new Trust.SystemRoots());
    private GatewayTransport transport = new GatewayTransport.Tcp();
    private KcpConfig kcp = KcpConfig.defaults();
    private Supplier<String> token = () -> "";
    private List<String> domains = List.of();
    private int connections = DEFAULT_CONNECTIONS;
    private Duration connectLimit = DEFAULT_CONNECT_LIMIT;
    private Duration kcpLimit = DEFAULT_KCP_LIMIT;
    private Duration helloLimit = DEFAULT_HELLO_LIMIT;
    private Duration firstPingLimit = DEFAULT_FIRST_PING_LIMIT;
    private Duration keepAliveInterval = DEFAULT_KEEP_ALIVE_INTERVAL;
    private Duration silenceLimit = DEFAULT_SILENCE_LIMIT;
    private Duration backoffLeast = DEFAULT_BACKOFF_LEAST;
    private Duration backoffMost = DEFAULT_BACKOFF_MOST;
    private Duration stableAfter = DEFAULT_STABLE_AFTER;
    private Duration drainLimit = DEFAULT_DRAIN_LIMIT;

    private Builder(InetSocketAddress gateway, AppConfig app) {
      this.gateway = gateway;
      this.app = app;
    }

    public Builder security(GatewaySecurity security) {
      this.security = security;
      return this;
    }

    /// Protects the way by TLS and knows the gateway like this.
    public Builder trust(Trust trust) {
      return security(new GatewaySecurity.Tls(trust));
    }

    public Builder transport(GatewayTransport transport) {
      this.transport = transport;
      return this;
    }

    public Builder kcp(KcpConfig kcp) {
      this.kcp = kcp;
      return this;
    }

    public Builder token(String token) {
      return token(() -> token);
    }

    public Builder token(Supplier<String> token) {
      this.token = token;
      return this;
    }

    public Builder domains(List<String> domains) {
      this.domains = domains;
      return this;
    }

    public Builder connections(int connections) {
      this.connections = connections;
      return this;
    }

    public Builder connectLimit(Duration limit) {
      this.connectLimit = limit;
      return this;
    }

    public Builder kcpLimit(Duration limit) {
      this.kcpLimit = limit;
      return this;
    }

    public Builder helloLimit(Duration limit) {
      this.helloLimit = limit;
      return this;
    }

    public Builder firstPingLimit(Duration limit) {
      this.firstPingLimit = limit;
      return this;
    }

    public Builder keepAlive(Duration interval, Duration silenceLimit) {
      this.keepAliveInterval = interval;
      this.silenceLimit = silenceLimit;
      return this;
    }

    public Builder backoff(Duration least, Duration most) {
      this.backoffLeast = least;
      this.backoffMost = most;
      return this;
    }

    public Builder stableAfter(Duration stableAfter) {
      this.stableAfter = stableAfter;
      return this;
    }

    public Builder drainLimit(Duration limit) {
      this.drainLimit = limit;
      return this;
    }

    public AgentConfig build() {
      return new AgentConfig(
          gateway,
          security,
          transport,
          kcp,
          token,
          domains,
          app,
          connections,
          connectLimit,
          kcpLimit,
          helloLimit,
          firstPingLimit,
          keepAliveInterval,
          silenceLimit,
          backoffLeast,
          backoffMost,
          stableAfter,
          drainLimit);
    }
  }
}
