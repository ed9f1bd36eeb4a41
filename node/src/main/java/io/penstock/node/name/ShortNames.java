package io.penstock.node.name;

import io.penstock.api.IpAddress;
import io.penstock.api.NodeName;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;

/// Names without a dot, which are those of peers as far as the running nodes know any, and else of
/// the machine.
///
/// What the machine has given itself stays its own ([OwnNames]). A node that has not heard of its
/// peers yet is waited for with its patience. A name that a peer bore is not given to the machine
/// again when the node was closed, as it meant another host. Any thread.
final class ShortNames {

  private final RunningNodes nodes;
  private final OwnNames own;

  ShortNames(RunningNodes nodes, OwnNames own) {
    this.nodes = nodes;
    this.own = own;
  }

  /// The addresses of the peer that bears a name; empty when it is the machine's.
  ///
  /// @param name in lower case, without a dot
  /// @throws UnknownHostException when it is a peer's and has no address here
  Optional<List<IpAddress>> find(String name) throws UnknownHostException {
    if (!isLabel(name)) {
      return Optional.empty();
    }
    List<RunningNode> asked = nodes.answering(name);
    if ((asked.isEmpty() && !nodes.wasPeer(name)) || own.contain(name)) {
      return Optional.empty();
    }
    awaitPeers(name, asked);
    boolean peer = asked.stream().anyMatch(node -> node.names().isPeer(name));
    if (!peer && !nodes.wasPeer(name)) {
      return Optional.empty();
    }
    List<IpAddress> found = ZoneResolver.known(name, asked);
    if (found.isEmpty()) {
      throw new UnknownHostException(
          peer
              ? name + " is a node that no node of this program can reach"
              : name
                  + " was a node of an overlay, whose node in this program was closed; use its full"
                  + " name, or a full name for another host");
    }
    return Optional.of(found);
  }

  private static boolean isLabel(String name) {
    try {
      NodeName.require(name);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  private static void awaitPeers(String name, List<RunningNode> asked) throws UnknownHostException {
    try {
      for (RunningNode node : asked) {
        node.names().awaitPeers();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new UnknownHostException(name + ": interrupted while it was looked up");
    }
  }
}
