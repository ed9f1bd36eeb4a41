package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import java.math.BigInteger;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Keeps the tunnel's own packets out of the tunnel; for everyone who implements [OsNetwork].
///
/// What carries the tunnel (the addresses of the gateway) and what the machine needs to find it
/// (its name servers) is *the underlay*. A route that holds an address of it is refused, unless the
/// tunnel leaves that address out by a longer prefix. A default route, or what is as good as one,
/// is refused too unless the user asked for it; if so, the addresses of the underlay get routes of
/// their own, which lead where they led before.
///
/// A route for each address rather than a mark on the tunnel's sockets: it holds for every tunnel
/// program, also one that cannot set marks, and `ip route` shows it.
///
/// @param underlay the addresses to protect
/// @param defaultRoute whether the user asked for all traffic to go through the tunnel
public record RouteGuard(Set<IpAddress> underlay, DefaultRoute defaultRoute) {

  /// Whether all traffic of the machine may go through the tunnel.
  public enum DefaultRoute {
    /// A default route, or what is as good as one, is refused.
    REFUSED,
    /// The user asked for it.
    ALLOWED
  }

  /// A shorter prefix is meant for all that lies in it, the gateway included, and not for a network
  /// that happens to hold it.
  private static final int LEAST_BITS = 8;

  /// Routes that have an eighth of a family's addresses between them are as good as a default
  /// route, in however many pieces they come. All that is set apart for private use, in either
  /// family, is far less.
  private static final int DEFAULT_ROUTE_SHARE_BITS = 3;

  public RouteGuard {
    underlay = Set.copyOf(underlay);
  }

  /// Refuses settings that would cut the tunnel off.
  ///
  /// @throws SettingsRefusedException with a text for the user
  public void check(OsSettings settings) throws SettingsRefusedException {
    List<IpPrefix> reach = settings.reach().toList();
    if (defaultRoute == DefaultRoute.REFUSED) {
      for (IpFamily family : IpFamily.values()) {
        requireNoDefault(reach.stream().filter(route -> route.family() == family));
      }
    }
    for (IpPrefix route : reach) {
      List<IpAddress> captured =
          addresses(settings).stream()
              .filter(address -> route.contains(address) && !isExcluded(settings, address, route))
              .toList();
      boolean askedFor = defaultRoute == DefaultRoute.ALLOWED && route.bits() < LEAST_BITS;
      if (!captured.isEmpty() && !askedFor) {
        throw new SettingsRefusedException(
            "the tunnel asks for %s, which holds %s that the tunnel itself is reached by; the tunnel would run through itself, so nothing was changed"
                .formatted(route, captured));
      }
    }
  }

  /// Whether the tunnel itself leaves an address out of a route, by a longer prefix.
  private static boolean isExcluded(OsSettings settings, IpAddress address, IpPrefix route) {
    return settings.excluded().stream()
        .anyMatch(prefix -> prefix.contains(address) && prefix.bits() > route.bits());
  }

  private static void requireNoDefault(Stream<IpPrefix> routes) throws SettingsRefusedException {
    BigInteger all = BigInteger.ZERO;
    for (IpPrefix route : routes.toList()) {
      all = all.add(route.size());
      int shareBits = route.family().bits() - DEFAULT_ROUTE_SHARE_BITS;
      if (all.compareTo(BigInteger.ONE.shiftLeft(shareBits)) >= 0) {
        throw new SettingsRefusedException(
            "the tunnel asks for the route %s, with which an eighth of all IPv%d addresses or more goes through it, as with a default route; that was not asked for, so nothing was changed"
                .formatted(route, route.family().version()));
      }
    }
  }

  /// What must lead where it led before, though a route of the settings holds it. What no route
  /// holds leads there already, and a route for it could get around one of the machine's own.
  Set<IpPrefix> exceptions(OsSettings settings) {
    Set<IpPrefix> exceptions = new LinkedHashSet<>();
    for (IpPrefix excluded : settings.excluded()) {
      if (settings.routes().stream().anyMatch(route -> holds(route, excluded))) {
        exceptions.add(excluded);
      }
    }
    for (IpAddress address : addresses(settings)) {
      if (settings.routes().stream().anyMatch(route -> route.contains(address))) {
        exceptions.add(new IpPrefix(address, address.family().bits()));
      }
    }
    return exceptions;
  }

  private static boolean holds(IpPrefix route, IpPrefix inner) {
    return route.bits() <= inner.bits() && route.contains(inner.network());
  }

  /// All that is protected, with what the tunnel said itself.
  Set<IpAddress> addresses(OsSettings settings) {
    Set<IpAddress> all = new LinkedHashSet<>(underlay);
    all.addAll(settings.remotes());
    return all;
  }
}
