package io.penstock.node.name;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.api.OverlayNetwork;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/// The nodes that run in this process, and which names and addresses belong to their networks.
///
/// What was once of an overlay stays that for the life of the process: a name that is looked up
/// after its node was closed is as private as before. That costs one entry for each zone, each
/// range and each peer that the nodes of this process knew. Safe for use by several threads;
/// nothing blocks.
public final class RunningNodes {

  /// The zone of a gateway that was not told another one. It is known without a node, as it is
  /// below the top-level domain that is set aside for private use: nobody else answers it.
  public static final String DEFAULT_ZONE = "penstock.internal";

  /// The one place where code that the JDK or a driver makes by the name of its class, without any
  /// argument of ours, finds a node.
  private static final RunningNodes OF_THIS_PROCESS = new RunningNodes();

  private final List<RunningNode> nodes = new CopyOnWriteArrayList<>();
  private final Set<String> zones = ConcurrentHashMap.newKeySet();
  private final Set<IpPrefix> ranges = ConcurrentHashMap.newKeySet();
  private final Set<String> formerPeers = ConcurrentHashMap.newKeySet();

  RunningNodes() {
    zones.add(DEFAULT_ZONE);
  }

  public static RunningNodes ofThisProcess() {
    return OF_THIS_PROCESS;
  }

  /// Adds a node that has been started.
  public void add(RunningNode node) {
    nodes.add(node);
  }

  /// Removes a node that is closed.
  public void remove(RunningNode node) {
    remember();
    node.names().peerLabels().stream().filter(node.shortNames()).forEach(formerPeers::add);
    nodes.remove(node);
  }

  /// Keeps what the nodes know of their networks now, for the time after them.
  public void remember() {
    for (RunningNode node : nodes) {
      node.names().network().ifPresent(this::remember);
    }
  }

  private void remember(OverlayNetwork network) {
    zones.add(network.zone());
    ranges.addAll(network.ranges());
  }

  List<RunningNode> all() {
    return List.copyOf(nodes);
  }

  /// Whether a full name is of an overlay, and nobody else's business.
  ///
  /// @param name in lower case, without a dot at its end
  boolean isOverlayName(String name) {
    remember();
    return zones.stream().anyMatch(zone -> name.equals(zone) || name.endsWith("." + zone));
  }

  /// Those that may answer a name without a dot, in lower case.
  List<RunningNode> answering(String label) {
    return nodes.stream().filter(node -> node.shortNames().test(label)).toList();
  }

  /// Whether a node that was closed since knew a peer by this name without a dot.
  boolean wasPeer(String label) {
    return formerPeers.contains(label);
  }

  /// Whether an address is of an overlay.
  boolean isOverlayAddress(IpAddress address) {
    remember();
    return ranges.stream().anyMatch(range -> range.contains(address));
  }

  /// The only node with this name, or the only one that there is.
  ///
  /// @param name empty for any
  /// @throws IllegalStateException when there is none or more than one, with what to do
  public RunningNode only(Optional<String> name) {
    List<RunningNode> found =
        nodes.stream().filter(node -> name.isEmpty() || name.get().equals(node.name())).toList();
    return switch (found.size()) {
      case 0 -> throw new IllegalStateException(none(name));
      case 1 -> found.getFirst();
      default ->
          throw new IllegalStateException(
              name.map(
                      one ->
                          "%d nodes of this program are named \"%s\"; give each a name of its own"
                              .formatted(found.size(), one))
                  .orElseGet(
                      () -> "several nodes run in this program, %s; name one".formatted(names())));
    };
  }

  private String none(Optional<String> name) {
    if (nodes.isEmpty()) {
      return "no node runs in this program; start one first, with Node.start";
    }
    return "no node named \"%s\" runs in this program, only %s".formatted(name.orElse(""), names());
  }

  private String names() {
    return nodes.stream().map(RunningNode::name).collect(Collectors.joining(", "));
  }
}
