package io.penstock.node.vpn;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import java.math.BigInteger;
import java.util.List;

/// Which routes a manager lets a tunnel have: none that would take the tunnel's own way to its
/// gateway, and no default route unless one was asked for.
///
/// @param underlay addresses that must stay reachable without the tunnel: those of the gateway
/// @param defaultRoute whether the tunnel may have all of the machine's traffic
public record RouteRules(List<IpAddress> underlay, DefaultRoute defaultRoute) {

  /// Whether a default route was asked for.
  public enum DefaultRoute {
    REFUSED,
    ALLOWED
  }

  /// Routes that have an eighth of a family's addresses between them are as good as a default
  /// route, in however many pieces they come. All that is set apart for private use, in either
  /// family, is far less.
  private static final int DEFAULT_ROUTE_SHARE_BITS = 3;

  public RouteRules {
    underlay = List.copyOf(underlay);
  }

  /// @throws IllegalArgumentException when some route is refused, with words for the tunnel
  void check(NetworkSettings settings) {
    for (IpAddress address : underlay) {
      int included = longest(settings.includedRoutes(), address);
      if (included >= 0 && included >= longest(settings.excludedRoutes(), address)) {
        throw new IllegalArgumentException(
            "a route would lead the tunnel's own packets to its gateway %s into the tunnel; exclude that address or leave the route out"
                .formatted(address));
      }
    }
    if (defaultRoute == DefaultRoute.REFUSED) {
      for (IpFamily family : IpFamily.values()) {
        requireNoDefault(settings.includedRoutes(), family);
      }
    }
  }

  private static void requireNoDefault(List<IpPrefix> routes, IpFamily family) {
    BigInteger most = BigInteger.ONE.shiftLeft(family.bits() - DEFAULT_ROUTE_SHARE_BITS);
    BigInteger all =
        routes.stream()
            .filter(route -> route.family() == family)
            .map(IpPrefix::size)
            .reduce(BigInteger.ZERO, BigInteger::add);
    if (all.compareTo(most) >= 0) {
      throw new IllegalArgumentException(
          "the routes have an eighth of all IPv%d addresses or more, which is as good as a default route, and none was asked for"
              .formatted(family.version()));
    }
  }

  /// How many bits of an address the most specific route has that it falls under; -1 for none.
  private static int longest(List<IpPrefix> routes, IpAddress address) {
    return routes.stream()
        .filter(route -> route.contains(address))
        .mapToInt(IpPrefix::bits)
        .max()
        .orElse(-1);
  }
}
