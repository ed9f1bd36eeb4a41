package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Reads what a tunnel asks for, and trusts none of it.
///
/// A request says a part: the family of addresses that it has replaces that family, DNS replaces
/// DNS, and what it does not have stays as it was.
public final class SettingsReader {

  /// Of both families; a node has one of each.
  public static final int MAX_ADDRESSES = 16;

  /// Included and excluded together; an overlay has a handful.
  public static final int MAX_ROUTES = 256;

  /// Servers, zones and search domains of DNS, each.
  public static final int MAX_DNS_ENTRIES = 16;

  /// The packet that every IPv4 host takes (RFC 791, section 3.1).
  private static final int LEAST_MTU = 576;

  /// What IPv6 needs of a link (RFC 8200, section 5).
  private static final int LEAST_IPV6_MTU = 1280;

  private static final int MAX_MTU = 65_535;
  private static final int MAX_NAME_BYTES = 253;

  /// Labels of RFC 1123 section 2.1, and the underscore of RFC 8552.
  private static final Pattern NAME =
      Pattern.compile(
          "[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*");

  private SettingsReader() {}

  /// What the settings are with a request.
  ///
  /// @param before what they are without it
  /// @throws SettingsRefusedException when the request says something impossible, with all that a
  ///   person needs to find it
  public static OsSettings read(OsSettings before, NetworkSettingsRequest request)
      throws SettingsRefusedException {
    try {
      OsSettings settings = checked(merged(before, request));
      if (request.hasDnsSettings()) {
        settings.dns().ifPresent(dns -> requireInside(settings, dns));
      }
      return settings;
    } catch (IllegalArgumentException e) {
      throw new SettingsRefusedException(
          "the tunnel asks for impossible settings: " + e.getMessage());
    }
  }

  private static OsSettings merged(OsSettings before, NetworkSettingsRequest request) {
    List<InterfaceAddress> addresses = new ArrayList<>(before.addresses());
    List<IpPrefix> included = new ArrayList<>(before.included());
    List<IpPrefix> excluded = new ArrayList<>(before.excluded());
    if (request.hasIpv4Settings()) {
      forget(IpFamily.IPV4, addresses, included, excluded);
      IPv4Settings ipv4 = request.getIpv4Settings();
      requireRoutes(ipv4.getIncludedRoutesCount() + ipv4.getExcludedRoutesCount());
      addresses.addAll(ipv4Addresses(ipv4));
      ipv4.getIncludedRoutesList().forEach(route -> included.add(ipv4(route)));
      ipv4.getExcludedRoutesList().forEach(route -> excluded.add(ipv4(route)));
    }
    if (request.hasIpv6Settings()) {
      forget(IpFamily.IPV6, addresses, included, excluded);
      IPv6Settings ipv6 = request.getIpv6Settings();
      requireRoutes(ipv6.getIncludedRoutesCount() + ipv6.getExcludedRoutesCount());
      addresses.addAll(ipv6Addresses(ipv6));
      ipv6.getIncludedRoutesList().forEach(route -> included.add(ipv6(route)));
      ipv6.getExcludedRoutesList().forEach(route -> excluded.add(ipv6(route)));
    }
    int mtu = request.getMtu() == 0 ? before.mtu() : mtu(request.getMtu());
    Optional<OsDns> dns = request.hasDnsSettings() ? dns(request.getDnsSettings()) : before.dns();
    String remote = request.getTunnelRemoteAddress();
    List<IpAddress> remotes =
        remote.isEmpty() ? before.remotes() : List.of(IpAddress.parse(remote));
    return new OsSettings(mtu, addresses, included, excluded, dns, remotes);
  }

  private static void forget(
      IpFamily family,
      List<InterfaceAddress> addresses,
      List<IpPrefix> included,
      List<IpPrefix> excluded) {
    addresses.removeIf(each -> each.address().family() == family);
    included.removeIf(each -> each.family() == family);
    excluded.removeIf(each -> each.family() == family);
  }

  private static List<InterfaceAddress> ipv4Addresses(IPv4Settings ipv4) {
    require(
        ipv4.getAddrsCount() == ipv4.getSubnetMasksCount(),
        "%d IPv4 addresses with %d masks, allowed is one mask for each address"
            .formatted(ipv4.getAddrsCount(), ipv4.getSubnetMasksCount()));
    requireAddresses(ipv4.getAddrsCount());
    List<InterfaceAddress> addresses = new ArrayList<>();
    for (int i = 0; i < ipv4.getAddrsCount(); i++) {
      IpAddress address = own(IpFamily.IPV4, ipv4.getAddrs(i));
      addresses.add(new InterfaceAddress(address, maskBits(ipv4.getSubnetMasks(i))));
    }
    return addresses;
  }

  private static List<InterfaceAddress> ipv6Addresses(IPv6Settings ipv6) {
    require(
        ipv6.getAddrsCount() == ipv6.getPrefixLengthsCount(),
        "%d IPv6 addresses with %d prefix lengths, allowed is one for each address"
            .formatted(ipv6.getAddrsCount(), ipv6.getPrefixLengthsCount()));
    requireAddresses(ipv6.getAddrsCount());
    List<InterfaceAddress> addresses = new ArrayList<>();
    for (int i = 0; i < ipv6.getAddrsCount(); i++) {
      IpAddress address = own(IpFamily.IPV6, ipv6.getAddrs(i));
      addresses.add(new InterfaceAddress(address, ipv6.getPrefixLengths(i)));
    }
    return addresses;
  }

  /// An address that an interface may have.
  private static IpAddress own(IpFamily family, String text) {
    IpAddress address = address(family, text);
    boolean usable =
        !address.isUnspecified()
            && !address.inet().isLoopbackAddress()
            && !address.inet().isMulticastAddress()
            && !text.equals("255.255.255.255");
    require(usable, address + " cannot be the address of an interface");
    return address;
  }

  private static IpAddress address(IpFamily family, String text) {
    IpAddress address = IpAddress.parse(text);
    require(
        address.family() == family,
        "%s is no address of IPv%d".formatted(address, family.version()));
    return address;
  }

  private static IpPrefix ipv4(IPv4Settings.IPv4Route route) {
    return new IpPrefix(address(IpFamily.IPV4, route.getDestination()), maskBits(route.getMask()));
  }

  private static IpPrefix ipv6(IPv6Settings.IPv6Route route) {
    return new IpPrefix(address(IpFamily.IPV6, route.getDestination()), route.getPrefixLength());
  }

  /// The ones of a mask, behind which there are only zeros (RFC 4632, section 5.1).
  private static int maskBits(String text) {
    int mask = new BigInteger(address(IpFamily.IPV4, text).bytes()).intValue();
    int ones = Integer.numberOfLeadingZeros(~mask);
    require(
        ones == Integer.SIZE || mask << ones == 0,
        "\"" + text + "\" is no mask, allowed are ones followed by zeros such as 255.255.0.0");
    return ones;
  }

  private static int mtu(int mtu) {
    require(
        mtu >= LEAST_MTU && mtu <= MAX_MTU,
        "the MTU is %s, allowed is %d to %d"
            .formatted(Integer.toUnsignedString(mtu), LEAST_MTU, MAX_MTU));
    return mtu;
  }

  /// Without servers DNS is left alone.
  private static Optional<OsDns> dns(DNSSettings settings) {
    for (int count :
        List.of(
            settings.getServersCount(),
            settings.getMatchDomainsCount(),
            settings.getSearchDomainsCount())) {
      require(
          count <= MAX_DNS_ENTRIES,
          "%d DNS servers, zones or search domains, allowed are %d of each"
              .formatted(count, MAX_DNS_ENTRIES));
    }
    if (settings.getServersCount() == 0) {
      return Optional.empty();
    }
    List<String> zones = settings.getMatchDomainsList().stream().map(SettingsReader::name).toList();
    require(
        !zones.isEmpty(),
        "DNS servers without the zones that they are for, which would be all names of this"
            + " machine");
    Set<String> search = new LinkedHashSet<>();
    settings.getSearchDomainsList().forEach(domain -> search.add(name(domain)));
    if (!settings.getMatchDomainsNoSearch()) {
      search.addAll(zones);
    }
    return Optional.of(
        new OsDns(
            settings.getServersList().stream().map(IpAddress::parse).toList(),
            zones,
            List.copyOf(search)));
  }

  private static String name(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    String name = lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    boolean legal =
        name.length() <= MAX_NAME_BYTES
            && NAME.matcher(name).matches()
            && Stream.of(name.split("\\.", -1)).allMatch(label -> label.length() <= 63);
    String shown = text.length() > 64 ? text.substring(0, 64) + "…" : text;
    require(legal, "\"" + shown + "\" is no DNS name, allowed is one such as penstock.internal");
    return name;
  }

  /// What no single field shows.
  private static OsSettings checked(OsSettings settings) {
    requireAddresses(settings.addresses().size());
    requireRoutes(settings.included().size() + settings.excluded().size());
    boolean ipv6 =
        settings.reach().map(IpPrefix::family).anyMatch(family -> family == IpFamily.IPV6);
    require(
        settings.mtu() == 0 || !ipv6 || settings.mtu() >= LEAST_IPV6_MTU,
        "the MTU is %d with IPv6, allowed is %d or more".formatted(settings.mtu(), LEAST_IPV6_MTU));
    return settings;
  }

  private static void requireInside(OsSettings settings, OsDns dns) {
    for (IpAddress server : dns.servers()) {
      require(
          settings.reaches(server),
          "the DNS server %s is not in the overlay: no included route leads there"
              .formatted(server));
    }
  }

  private static void requireAddresses(int count) {
    require(count <= MAX_ADDRESSES, "%d addresses, allowed are %d".formatted(count, MAX_ADDRESSES));
  }

  private static void requireRoutes(int count) {
    require(count <= MAX_ROUTES, "%d routes, allowed are %d".formatted(count, MAX_ROUTES));
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
