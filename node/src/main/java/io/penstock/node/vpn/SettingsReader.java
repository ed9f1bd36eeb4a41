package io.penstock.node.vpn;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.node.vpn.NetworkSettings.InterfaceAddress;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings.IPv4Route;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings.IPv6Route;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiFunction;

/// Reads what a tunnel asks for, each time a part, into the settings that the interface is to have.
///
/// What a request does not name stays as it was; a family or the DNS that it names is replaced.
/// Routers, the remote address and the tunnel's overhead are for systems that need them for their
/// own books; a route leads to the interface here.
final class SettingsReader {

  private SettingsReader() {}

  /// The settings after a request.
  ///
  /// @throws IllegalArgumentException when something in it is not what it should be, with words for
  ///   the tunnel
  static NetworkSettings after(NetworkSettings before, NetworkSettingsRequest request) {
    List<InterfaceAddress> addresses = new ArrayList<>();
    List<IpPrefix> included = new ArrayList<>();
    List<IpPrefix> excluded = new ArrayList<>();
    if (request.hasIpv4Settings()) {
      IPv4Settings ipv4 = request.getIpv4Settings();
      requireCounts(
          ipv4.getAddrsCount(), ipv4.getIncludedRoutesCount() + ipv4.getExcludedRoutesCount());
      addresses.addAll(addresses(ipv4));
      ipv4.getIncludedRoutesList().forEach(route -> included.add(route(route)));
      ipv4.getExcludedRoutesList().forEach(route -> excluded.add(route(route)));
    } else {
      keep(before, IpFamily.IPV4, addresses, included, excluded);
    }
    if (request.hasIpv6Settings()) {
      IPv6Settings ipv6 = request.getIpv6Settings();
      requireCounts(
          ipv6.getAddrsCount(), ipv6.getIncludedRoutesCount() + ipv6.getExcludedRoutesCount());
      addresses.addAll(addresses(ipv6));
      ipv6.getIncludedRoutesList().forEach(route -> included.add(route(route)));
      ipv6.getExcludedRoutesList().forEach(route -> excluded.add(route(route)));
    } else {
      keep(before, IpFamily.IPV6, addresses, included, excluded);
    }
    return new NetworkSettings(
        request.getMtu() == 0 ? before.mtuBytes() : OptionalInt.of(mtu(request.getMtu())),
        addresses,
        included,
        excluded,
        request.hasDnsSettings() ? dns(request.getDnsSettings()) : before.dns());
  }

  /// Before a message's entries are read one by one, as a hostile one has many.
  private static void requireCounts(int addresses, int routes) {
    NetworkSettings.requireAtMost(NetworkSettings.MAX_ADDRESSES, addresses, "addresses");
    NetworkSettings.requireAtMost(NetworkSettings.MAX_ROUTES, routes, "routes");
  }

  private static void keep(
      NetworkSettings before,
      IpFamily family,
      List<InterfaceAddress> addresses,
      List<IpPrefix> included,
      List<IpPrefix> excluded) {
    before.addresses().stream().filter(one -> one.family() == family).forEach(addresses::add);
    before.includedRoutes().stream().filter(one -> one.family() == family).forEach(included::add);
    before.excludedRoutes().stream().filter(one -> one.family() == family).forEach(excluded::add);
  }

  /// An unsigned number in the message.
  private static int mtu(int unsigned) {
    return unsigned < 0 ? Integer.MAX_VALUE : unsigned;
  }

  private static List<InterfaceAddress> addresses(IPv4Settings ipv4) {
    requireSame(ipv4.getAddrsCount(), ipv4.getSubnetMasksCount(), "subnet masks");
    return zip(
        ipv4.getAddrsList(),
        ipv4.getSubnetMasksList(),
        (address, mask) -> new InterfaceAddress(address(IpFamily.IPV4, address), maskBits(mask)));
  }

  private static List<InterfaceAddress> addresses(IPv6Settings ipv6) {
    requireSame(ipv6.getAddrsCount(), ipv6.getPrefixLengthsCount(), "prefix lengths");
    return zip(
        ipv6.getAddrsList(),
        ipv6.getPrefixLengthsList(),
        (address, bits) -> new InterfaceAddress(address(IpFamily.IPV6, address), bits));
  }

  private static void requireSame(int addresses, int beside, String what) {
    if (addresses != beside) {
      throw new IllegalArgumentException(
          "%d addresses come with %d %s, allowed is one for each"
              .formatted(addresses, beside, what));
    }
  }

  private static <A, B, R> List<R> zip(List<A> first, List<B> second, BiFunction<A, B, R> both) {
    List<R> all = new ArrayList<>(first.size());
    for (int i = 0; i < first.size(); i++) {
      all.add(both.apply(first.get(i), second.get(i)));
    }
    return all;
  }

  private static IpPrefix route(IPv4Route route) {
    return new IpPrefix(address(IpFamily.IPV4, route.getDestination()), maskBits(route.getMask()));
  }

  private static IpPrefix route(IPv6Route route) {
    return new IpPrefix(address(IpFamily.IPV6, route.getDestination()), route.getPrefixLength());
  }

  private static IpAddress address(IpFamily family, String text) {
    IpAddress address = IpAddress.parse(text);
    if (address.family() != family) {
      throw new IllegalArgumentException(
          "%s stands among the settings of IPv%d".formatted(address, family.version()));
    }
    return address;
  }

  /// A dotted mask as the number of its ones, which all stand in front.
  private static int maskBits(String text) {
    IpAddress mask = address(IpFamily.IPV4, text);
    int bits = new BigInteger(1, mask.bytes()).bitCount();
    int number = new BigInteger(mask.bytes()).intValue();
    if (number != (bits == 0 ? 0 : -1 << (IpFamily.IPV4.bits() - bits))) {
      throw new IllegalArgumentException(
          "%s is no subnet mask, allowed are ones with zeros behind them".formatted(mask));
    }
    return bits;
  }

  private static DnsSettings dns(DNSSettings dns) {
    NetworkSettings.requireAtMost(DnsSettings.MAX_SERVERS, dns.getServersCount(), "DNS servers");
    Set<String> search = new LinkedHashSet<>(names(dns.getSearchDomainsList()));
    List<String> match = names(dns.getMatchDomainsList());
    if (!dns.getMatchDomainsNoSearch()) {
      search.addAll(match);
    }
    return new DnsSettings(
        dns.getServersList().stream().map(IpAddress::parse).toList(), List.copyOf(search), match);
  }

  private static List<String> names(List<String> domains) {
    NetworkSettings.requireAtMost(DnsSettings.MAX_DOMAINS, domains.size(), "domains");
    return domains.stream()
        .map(name -> name.endsWith(".") ? name.substring(0, name.length() - 1) : name)
        .distinct()
        .toList();
  }
}
