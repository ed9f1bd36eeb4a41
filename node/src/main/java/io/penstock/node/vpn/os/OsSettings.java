package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// All network settings of one overlay interface.
///
/// @param mtu in bytes; 0 leaves it as it is
/// @param addresses of the interface
/// @param included what is reached over it
/// @param excluded what is reached as it was before, though it lies in what is included
/// @param dns empty leaves names as they are
/// @param remotes the other ends of the tunnel, which are never reached over it
public record OsSettings(
    int mtu,
    List<InterfaceAddress> addresses,
    List<IpPrefix> included,
    List<IpPrefix> excluded,
    Optional<OsDns> dns,
    List<IpAddress> remotes) {

  /// Nothing is set.
  public static final OsSettings NONE =
      new OsSettings(0, List.of(), List.of(), List.of(), Optional.empty(), List.of());

  public OsSettings {
    addresses = List.copyOf(new LinkedHashSet<>(addresses));
    included = List.copyOf(new LinkedHashSet<>(included));
    excluded = List.copyOf(new LinkedHashSet<>(excluded));
    remotes = List.copyOf(new LinkedHashSet<>(remotes));
  }

  /// All routes over the interface: those asked for, and the networks of its addresses.
  public Set<IpPrefix> routes() {
    Set<IpPrefix> routes = new LinkedHashSet<>(included);
    addresses.stream()
        .filter(address -> address.bits() < address.address().family().bits())
        .forEach(address -> routes.add(address.network()));
    return routes;
  }

  /// Everything that is reached over the interface or ends there.
  Stream<IpPrefix> reach() {
    return Stream.concat(
        routes().stream(),
        addresses.stream()
            .map(each -> new IpPrefix(each.address(), each.address().family().bits())));
  }

  /// Whether packets to an address go over the interface.
  boolean reaches(IpAddress address) {
    return reach().anyMatch(prefix -> prefix.contains(address));
  }

  /// DNS as it is put in place: with the zones of the addresses, and only with servers in the
  /// overlay, since others would be told its names.
  Optional<OsDns> safeDns() {
    return dns.map(
        all ->
            new OsDns(
                all.servers().stream().filter(this::reaches).toList(),
                Stream.concat(all.zones().stream(), ReverseZones.of(routes()).stream()).toList(),
                all.searchDomains()));
  }
}
