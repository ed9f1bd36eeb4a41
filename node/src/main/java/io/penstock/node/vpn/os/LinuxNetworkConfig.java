package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.node.vpn.dns.SplitResolverConfig;
import io.penstock.node.vpn.os.RouteGuard.DefaultRoute;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/// What a [LinuxNetwork] is to know.
///
/// @param link the name of the interface, which exists
/// @param directory for the undo journal, which is made; it is there again after a restart of the
///   machine, and one process uses it at a time
/// @param underlay the addresses that the tunnel is reached by, which no route of the overlay may
///   hold
/// @param gatewayHost the name that the gateway is looked up by, which no zone of the overlay may
///   hold; empty when it is known by its addresses alone
/// @param defaultRoute whether the user asked for all traffic to go through the tunnel
/// @param dns what may be done about DNS
/// @param resolvConf the file that names the machine's name servers
/// @param resolver our own, where systemd-resolved does not run
public record LinuxNetworkConfig(
    String link,
    Path directory,
    Set<IpAddress> underlay,
    Optional<String> gatewayHost,
    DefaultRoute defaultRoute,
    Dns dns,
    Path resolvConf,
    SplitResolverConfig resolver) {

  /// The file of the C library.
  public static final Path DEFAULT_RESOLV_CONF = Path.of("/etc/resolv.conf");

  /// An address of the loopback network that nobody else uses by habit.
  public static final InetSocketAddress DEFAULT_RESOLVER =
      new InetSocketAddress(InetAddress.ofLiteral("127.86.0.53"), 53);

  /// What may be done about DNS.
  public enum Dns {
    /// By systemd-resolved where programs ask it, else by `resolv.conf`.
    AUTO,
    /// Names are left alone.
    OFF
  }

  public LinuxNetworkConfig {
    underlay = Set.copyOf(underlay);
  }

  /// The defaults: no default route, DNS as it suits the machine.
  public static LinuxNetworkConfig of(String link, Path directory, Set<IpAddress> underlay) {
    return new LinuxNetworkConfig(
        link,
        directory,
        underlay,
        Optional.empty(),
        DefaultRoute.REFUSED,
        Dns.AUTO,
        DEFAULT_RESOLV_CONF,
        SplitResolverConfig.at(DEFAULT_RESOLVER));
  }

  /// The same with another choice about DNS.
  public LinuxNetworkConfig with(Dns dns) {
    return with(defaultRoute, dns);
  }

  /// The same with other answers of the user.
  public LinuxNetworkConfig with(DefaultRoute defaultRoute, Dns dns) {
    return new LinuxNetworkConfig(
        link, directory, underlay, gatewayHost, defaultRoute, dns, resolvConf, resolver);
  }

  /// The same with the name that the gateway is looked up by.
  public LinuxNetworkConfig withGatewayHost(String gatewayHost) {
    return new LinuxNetworkConfig(
        link,
        directory,
        underlay,
        Optional.of(gatewayHost),
        defaultRoute,
        dns,
        resolvConf,
        resolver);
  }
}
