package io.penstock.gateway.overlay.router;

import java.util.List;
import java.util.UUID;

/// A tunnel as the router has to know it: whose it is, which addresses are behind it, where its
/// packets go.
///
/// @param nodeId the node, which stays the same when it reconnects
/// @param nodeName the node's name in the network, which rules may speak of
/// @param user the user to whom the node belongs
/// @param kind whether the policy applies
/// @param addresses the addresses assigned to it; may be none yet
/// @param port where packets for it are put in
public record NodeTunnel(
    UUID nodeId,
    String nodeName,
    String user,
    Kind kind,
    List<LeasedAddress> addresses,
    TunnelPort port) {

  /// Who is at the other end.
  public enum Kind {
    /// A node of a user; the policy applies.
    NODE,
    /// The gateway itself, such as its resolver: every node may talk to it and it to every node.
    SERVICE
  }

  public NodeTunnel {
    addresses = List.copyOf(addresses);
  }
}
