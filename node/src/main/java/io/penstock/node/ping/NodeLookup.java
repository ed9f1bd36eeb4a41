package io.penstock.node.ping;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.NodeName;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// What a user writes for a node, `db`, `db.penstock.internal` or an address, and the way from
/// there to an address.
///
/// Names are looked up in the gateway's list of peers, never in the DNS of this machine.
public final class NodeLookup {

  /// The list of peers, which is asked for only if there is a name to look up.
  @FunctionalInterface
  public interface Peers {
    PeerSnapshot peers() throws IOException;
  }

  /// A node that was found.
  ///
  /// @param online whether it has a tunnel, as far as anybody knows
  public record Found(IpAddress address, boolean online) {}

  /// More names than that help nobody.
  private static final int MAX_NAMES_SHOWN = 10;

  private final String label;
  private final String zone;
  private final Optional<IpAddress> address;

  private NodeLookup(String label, String zone, Optional<IpAddress> address) {
    this.label = label;
    this.zone = zone;
    this.address = address;
  }

  /// Reads what the user wrote.
  ///
  /// @throws IllegalArgumentException when it can be no node, with what is allowed
  public static NodeLookup parse(String text) {
    if (text.indexOf(':') >= 0 || text.matches("[0-9.]+\\.[0-9.]+")) {
      return new NodeLookup("", "", Optional.of(IpAddress.parse(text)));
    }
    String name = text.toLowerCase(Locale.ROOT);
    int dot = name.indexOf('.');
    String label = dot < 0 ? name : name.substring(0, dot);
    String zone = dot < 0 ? "" : name.substring(dot + 1);
    if (!label.equals(NodeName.GATEWAY)) {
      NodeName.require(label);
    }
    String plain = zone.endsWith(".") ? zone.substring(0, zone.length() - 1) : zone;
    return new NodeLookup(label, plain, Optional.empty());
  }

  /// Finds the address.
  ///
  /// @param families what the caller can reach, the better ones first
  /// @throws IOException when there is no such node, with the ones that there are
  public Found in(OverlayNetwork network, List<IpFamily> families, Peers peers) throws IOException {
    Host host = host(network, peers);
    return new Found(reachable(host, families).getFirst(), host.online());
  }

  /// Finds all addresses that the caller can reach, at least one.
  ///
  /// @param families what the caller can reach; the addresses come in this order
  /// @throws IOException when there is no such node, with the ones that there are
  public List<IpAddress> all(OverlayNetwork network, List<IpFamily> families, Peers peers)
      throws IOException {
    return reachable(host(network, peers), families);
  }

  /// Refuses a name that no node of the network can ever have.
  ///
  /// @throws IOException when it is in another zone
  public void requireZone(OverlayNetwork network) throws IOException {
    if (!zone.isEmpty() && !zone.equals(network.zone())) {
      throw new IOException(
          "%s.%s is not in the zone of this network, which is %s"
              .formatted(label, zone, network.zone()));
    }
  }

  private record Host(List<IpAddress> addresses, boolean online) {}

  private Host host(OverlayNetwork network, Peers peers) throws IOException {
    if (address.isPresent()) {
      return new Host(List.of(address.get()), true);
    }
    requireZone(network);
    if (label.equals(NodeName.GATEWAY)) {
      return new Host(network.resolvers(), true);
    }
    List<PeerInfo> all = peers.peers().items();
    for (PeerInfo peer : all) {
      if (peer.name().equals(label)) {
        return new Host(peer.addresses(), peer.online());
      }
    }
    throw new IOException("there is no node \"%s\"; %s".formatted(label, visible(all)));
  }

  private List<IpAddress> reachable(Host host, List<IpFamily> families) throws IOException {
    if (address.isPresent()) {
      return host.addresses();
    }
    List<IpAddress> reachable =
        families.stream()
            .flatMap(family -> host.addresses().stream().filter(one -> one.family() == family))
            .toList();
    if (reachable.isEmpty()) {
      throw new IOException(
          "%s has no %s address, only %s"
              .formatted(
                  label,
                  families.stream()
                      .map(family -> "IPv" + family.version())
                      .collect(Collectors.joining(" or ")),
                  host.addresses()));
    }
    return reachable;
  }

  private static String visible(List<PeerInfo> all) {
    if (all.isEmpty()) {
      return "none is to be seen with this token";
    }
    String names =
        all.stream().map(PeerInfo::name).limit(MAX_NAMES_SHOWN).collect(Collectors.joining(", "));
    return "to be seen with this token are "
        + names
        + (all.size() > MAX_NAMES_SHOWN
            ? " and %d more".formatted(all.size() - MAX_NAMES_SHOWN)
            : "");
  }
}
