package io.penstock.node.name;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Looks names and addresses of overlays up at the running nodes of this process, and everything
/// else as the JDK always does; the two never mix.
///
/// Full names in a zone are of an overlay for certain (`db.penstock.internal`), names without a dot
/// if a peer bears them ([ShortNames]); with a dot at its end a name is full. Nodes of several
/// networks with the same zone are all asked; when they know different hosts by one name it is
/// refused, as either may be meant. Any thread; blocks as the nodes do, and only for a name that
/// none of them knows yet.
final class ZoneResolver implements InetAddressResolver {

  private final RunningNodes nodes;
  private final ShortNames shortNames;
  private final InetAddressResolver others;

  /// @param own names of this machine, which no peer takes from it
  /// @param others for all that is not of an overlay
  ZoneResolver(RunningNodes nodes, OwnNames own, InetAddressResolver others) {
    this.nodes = nodes;
    this.shortNames = new ShortNames(nodes, own);
    this.others = others;
  }

  // ---- by name ----

  @Override
  public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
      throws UnknownHostException {
    if (host.indexOf('.') < 0) {
      String label = host.toLowerCase(Locale.ROOT);
      Optional<List<IpAddress>> peer = shortNames.find(label);
      return peer.isPresent()
          ? OverlayResolver.allowed(label, peer.get(), policy)
          : others.lookupByName(host, policy);
    }
    String name = canonical(host);
    if (!nodes.isOverlayName(name)) {
      return others.lookupByName(host, policy);
    }
    List<RunningNode> asked = nodes.all();
    List<IpAddress> found = known(name, asked);
    if (found.isEmpty()) {
      awaitOne(name, policy, asked);
      found = known(name, asked);
    }
    return OverlayResolver.allowed(name, found, policy);
  }

  /// A full name in lower case, without a dot at its end.
  static String canonical(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }

  /// What the nodes know now. Nodes of one network may see different families of one host.
  static List<IpAddress> known(String name, List<RunningNode> asked) throws UnknownHostException {
    Map<IpFamily, List<IpAddress>> byFamily = new EnumMap<>(IpFamily.class);
    for (RunningNode node : asked) {
      var found =
          node.names().known(name).stream().collect(Collectors.groupingBy(IpAddress::family));
      for (var each : found.entrySet()) {
        List<IpAddress> before = byFamily.putIfAbsent(each.getKey(), each.getValue());
        if (before != null && !before.equals(each.getValue())) {
          throw new UnknownHostException(
              "%s is %s to one node of this program and %s to another; dial it through the node that is meant"
                  .formatted(name, before, each.getValue()));
        }
      }
    }
    return byFamily.values().stream().flatMap(List::stream).toList();
  }

  private static void awaitOne(String name, LookupPolicy policy, List<RunningNode> asked)
      throws UnknownHostException {
    List<String> reasons = new ArrayList<>();
    for (RunningNode node : asked) {
      try (Stream<InetAddress> _ = node.resolver().lookupByName(name, policy)) {
        return;
      } catch (UnknownHostException e) {
        reasons.add(node.name() + " says: " + e.getMessage());
      }
    }
    throw new UnknownHostException(
        name
            + (asked.isEmpty()
                ? ": no node runs in this program, and names of an overlay are looked up nowhere"
                    + " else; start one first, with Node.start"
                : " is known to no node of this program: " + String.join("; ", reasons)));
  }

  // ---- by address ----

  @Override
  public String lookupByAddress(byte[] bytes) throws UnknownHostException {
    IpAddress address = address(bytes);
    if (!nodes.isOverlayAddress(address)) {
      return others.lookupByAddress(bytes);
    }
    for (RunningNode node : nodes.all()) {
      var name = node.names().nameOf(address);
      if (name.isPresent()) {
        return name.get();
      }
    }
    throw new UnknownHostException(
        address + " is an address of an overlay, and no node of this program knows who has it");
  }

  private static IpAddress address(byte[] bytes) throws UnknownHostException {
    try {
      return IpAddress.of(bytes);
    } catch (IllegalArgumentException e) {
      throw new UnknownHostException(e.getMessage());
    }
  }
}
