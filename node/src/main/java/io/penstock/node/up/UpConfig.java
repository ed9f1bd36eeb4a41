package io.penstock.node.up;

import io.penstock.api.HostPort;
import io.penstock.api.NodeName;
import io.penstock.api.config.Requirements;
import io.penstock.node.vpn.os.LinuxNetworkConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// What giving a machine an overlay interface takes.
///
/// @param gateway its tunnel port
/// @param token the secret of an API token with the scope `overlay`
/// @param name the node's label
/// @param state the directory of the node's identity, of the undo journal and of the sockets; for
///   one machine at a time
/// @param link what the interface is called
/// @param dns what may be done about DNS
/// @param tunnel the command that starts a tunnel process, up to where options are added: a program
///   with the options of `penstock tunnel`
/// @param lookupLimit within which the addresses of the gateway must be found
/// @param tunnelLimit within which a tunnel process must answer
/// @param endLimit within which one that is told to stop must have answered, and then its stream
///   and its process must have ended, before it is killed
/// @param backoffLeast before a tunnel process that ended is started again for the first time
/// @param backoffMost between two starts
public record UpConfig(
    HostPort gateway,
    String token,
    String name,
    Path state,
    String link,
    LinuxNetworkConfig.Dns dns,
    List<String> tunnel,
    Duration lookupLimit,
    Duration tunnelLimit,
    Duration endLimit,
    Duration backoffLeast,
    Duration backoffMost) {

  /// As long as no other program uses the name.
  public static final String DEFAULT_LINK = "penstock0";

  /// The resolver of the system tries for 15 s or so by itself.
  public static final Duration DEFAULT_LOOKUP_LIMIT = Duration.ofSeconds(20);

  /// A Java machine starts within a second, on a small computer with much to do within some more.
  public static final Duration DEFAULT_TUNNEL_LIMIT = Duration.ofSeconds(60);

  /// A node tells its gateway that it goes, within 5 s.
  public static final Duration DEFAULT_END_LIMIT = Duration.ofSeconds(10);

  public static final Duration DEFAULT_BACKOFF_LEAST = Duration.ofMillis(500);
  public static final Duration DEFAULT_BACKOFF_MOST = Duration.ofSeconds(30);

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  public UpConfig {
    NodeName.require(name);
    tunnel = List.copyOf(tunnel);
    Requirements.of("up")
        .between("lookup_limit", lookupLimit, SHORTEST, LONGEST)
        .between("tunnel_limit", tunnelLimit, SHORTEST, LONGEST)
        .between("end_limit", endLimit, SHORTEST, LONGEST)
        .between("backoff_least", backoffLeast, SHORTEST, LONGEST)
        .between("backoff_most", backoffMost, backoffLeast, LONGEST)
        .check();
  }

  /// One with the usual interface, limits and DNS as it suits the machine.
  ///
  /// @throws IllegalArgumentException when the name is no label
  public static UpConfig of(
      HostPort gateway, String token, String name, Path state, List<String> tunnel) {
    return new UpConfig(
        gateway,
        token,
        name,
        state,
        DEFAULT_LINK,
        LinuxNetworkConfig.Dns.AUTO,
        tunnel,
        DEFAULT_LOOKUP_LIMIT,
        DEFAULT_TUNNEL_LIMIT,
        DEFAULT_END_LIMIT,
        DEFAULT_BACKOFF_LEAST,
        DEFAULT_BACKOFF_MOST);
  }

  /// The same with another interface and another choice about DNS.
  public UpConfig with(String link, LinuxNetworkConfig.Dns dns) {
    return new UpConfig(
        gateway,
        token,
        name,
        state,
        link,
        dns,
        tunnel,
        lookupLimit,
        tunnelLimit,
        endLimit,
        backoffLeast,
        backoffMost);
  }

  /// Where the undo journal is.
  Path journal() {
    return journal(state);
  }

  static Path journal(Path state) {
    return state.resolve("network");
  }

  /// Where the node keeps who it is.
  Path identity() {
    return state.resolve("node");
  }

  /// Where the tunnel process waits for the interface.
  Path handover() {
    return state.resolve("tun.sock");
  }

  /// Leaves the token out.
  @Override
  public String toString() {
    return "UpConfig[gateway=%s, name=%s, state=%s, link=%s, dns=%s]"
        .formatted(gateway, name, state, link, dns);
  }
}
