package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.node.vpn.os.LinuxNetworkConfig.DefaultRoute;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Keeps the tunnel's own packets out of the tunnel.
///
/// What carries the tunnel (the addresses of the gateway) and what the machine needs to find it
/// (its name servers) is *the underlay*. A route that holds an address of it is refused. A default
/// route, or one that is nearly that, is refused too unless the user asked for it; if so, the
/// addresses of the underlay get routes of their own, which lead where they led before.
///
/// A route for each address rather than a mark on the tunnel's sockets: it holds for every tunnel
/// program, also one that cannot set marks, and `ip route` shows it.
///
/// @param underlay the addresses to protect
/// @param defaultRoute whether the user asked for all traffic to go through the tunnel
record RouteGuard(Set<IpAddress> underlay, DefaultRoute defaultRoute) {

  /// A shorter prefix holds so much of the Internet that a few of them are a default route.
  static final int LEAST_BITS = 8;

  RouteGuard {
    underlay = Set.copyOf(underlay);
  }

  /// Refuses settings that would cut the tunnel off.
  void check(OsSettings settings) throws SettingsRefusedException {
    for (IpPrefix route : settings.reach().toList()) {
      boolean everything = route.bits() < LEAST_BITS;
      if (everything && defaultRoute == DefaultRoute.REFUSED) {
        throw new SettingsRefusedException(
            "the tunnel asks for the route %s, which takes all or much of this machine's traffic; that was not asked for, so nothing was changed"
                .formatted(route));
      }
      List<IpAddress> captured =
          everything ? List.of() : addresses(settings).stream().filter(route::contains).toList();
      if (!captured.isEmpty()) {
        throw new SettingsRefusedException(
            "the tunnel asks for %s, which holds %s that the tunnel itself is reached by; the tunnel would run through itself, so nothing was changed"
                .formatted(route, captured));
      }
    }
  }

  /// What must lead where it led before, though a route of the settings holds it.
  Set<IpPrefix> exceptions(OsSettings settings) {
    Set<IpPrefix> exceptions = new LinkedHashSet<>(settings.excluded());
    for (IpAddress address : addresses(settings)) {
      if (settings.routes().stream().anyMatch(route -> route.contains(address))) {
        exceptions.add(new IpPrefix(address, address.family().bits()));
      }
    }
    return exceptions;
  }

  /// All that is protected, with what the tunnel said itself.
  Set<IpAddress> addresses(OsSettings settings) {
    Set<IpAddress> all = new LinkedHashSet<>(underlay);
    all.addAll(settings.remotes());
    return all;
  }
}
