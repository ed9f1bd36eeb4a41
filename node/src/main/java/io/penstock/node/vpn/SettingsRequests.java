package io.penstock.node.vpn;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.OverlayNetwork;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The requests by which a machine gets the network settings of a node, in the order in which they
/// are made: MTU, addresses and routes, then DNS.
///
/// Each address is a host's own (`/32`, `/128`); which others are reached over the tunnel is said
/// by the routes alone, one for each range of the network.
final class SettingsRequests {

  private SettingsRequests() {}

  /// @param addresses of the node
  /// @param families of the addresses that the machine may still have from before; one of which the
  ///   node has none now is emptied
  /// @param remote where the tunnel itself goes, which no route may capture
  static List<NetworkSettingsRequest> requests(
      List<IpAddress> addresses,
      Set<IpFamily> families,
      OverlayNetwork network,
      Optional<IpAddress> remote) {
    List<NetworkSettingsRequest> requests = new ArrayList<>();
    requests.add(addressing(addresses, families, network, remote));
    List<String> resolvers =
        network.resolvers().stream()
            .filter(resolver -> !of(resolver.family(), addresses).isEmpty())
            .map(IpAddress::toString)
            .toList();
    if (!resolvers.isEmpty()) {
      requests.add(dns(resolvers, network.zone()));
    }
    return requests;
  }

  private static NetworkSettingsRequest addressing(
      List<IpAddress> addresses,
      Set<IpFamily> families,
      OverlayNetwork network,
      Optional<IpAddress> remote) {
    var request = NetworkSettingsRequest.newBuilder().setMtu(network.innerMtu());
    remote.ifPresent(address -> request.setTunnelRemoteAddress(address.toString()));
    List<IpAddress> ipv4 = of(IpFamily.IPV4, addresses);
    List<IpAddress> ipv6 = of(IpFamily.IPV6, addresses);
    if (!ipv4.isEmpty() || families.contains(IpFamily.IPV4)) {
      request.setIpv4Settings(ipv4(ipv4, network));
    }
    if (!ipv6.isEmpty() || families.contains(IpFamily.IPV6)) {
      request.setIpv6Settings(ipv6(ipv6, network));
    }
    return request.build();
  }

  private static IPv4Settings ipv4(List<IpAddress> addresses, OverlayNetwork network) {
    var settings = IPv4Settings.newBuilder();
    for (IpAddress address : addresses) {
      settings.addAddrs(address.toString()).addSubnetMasks(mask(IpFamily.IPV4.bits()));
    }
    for (IpPrefix range : routes(IpFamily.IPV4, addresses, network)) {
      settings
          .addIncludedRoutesBuilder()
          .setDestination(range.network().toString())
          .setMask(mask(range.bits()));
    }
    return settings.build();
  }

  private static IPv6Settings ipv6(List<IpAddress> addresses, OverlayNetwork network) {
    var settings = IPv6Settings.newBuilder();
    for (IpAddress address : addresses) {
      settings.addAddrs(address.toString()).addPrefixLengths(IpFamily.IPV6.bits());
    }
    for (IpPrefix range : routes(IpFamily.IPV6, addresses, network)) {
      settings
          .addIncludedRoutesBuilder()
          .setDestination(range.network().toString())
          .setPrefixLength(range.bits());
    }
    return settings.build();
  }

  private static NetworkSettingsRequest dns(List<String> resolvers, String zone) {
    return NetworkSettingsRequest.newBuilder()
        .setDnsSettings(
            DNSSettings.newBuilder()
                .addAllServers(resolvers)
                .addSearchDomains(zone)
                .setDomainName(zone)
                .addMatchDomains(zone))
        .build();
  }

  private static List<IpPrefix> routes(
      IpFamily family, List<IpAddress> addresses, OverlayNetwork network) {
    return addresses.isEmpty()
        ? List.of()
        : network.ranges().stream().filter(range -> range.family() == family).toList();
  }

  private static List<IpAddress> of(IpFamily family, List<IpAddress> addresses) {
    return addresses.stream().filter(address -> address.family() == family).toList();
  }

  /// A prefix length as a dotted mask.
  private static String mask(int bits) {
    int ones = bits == 0 ? 0 : -1 << (IpFamily.IPV4.bits() - bits);
    return IpAddress.of(ByteBuffer.allocate(Integer.BYTES).putInt(ones).array()).toString();
  }
}
