package io.penstock.node;

import io.penstock.api.IpAddress;
import java.time.Duration;
import java.util.List;

/// How a node is doing at one moment.
///
/// ```
///   Starting ──► Running ◄──► Degraded       any ──► Stopped
/// ```
public sealed interface NodeStatus {

  /// It has not joined yet.
  ///
  /// @param lastFailure why the last attempt failed; empty during the first one
  record Starting(String lastFailure) implements NodeStatus {}

  /// Packets travel.
  ///
  /// @param addresses the node's own, IPv4 first; another address is another status
  /// @param mtu the largest packet that the path carries now, in bytes
  record Running(List<IpAddress> addresses, int mtu) implements NodeStatus {
    public Running {
      addresses = List.copyOf(addresses);
    }
  }

  /// The link is lost and is made anew; connections wait.
  ///
  /// @param reason why it was lost, or why the last attempt failed
  /// @param retryIn when it is tried again, from the moment of this status on; zero while it is
  /// @param addresses which the node has as long as the gateway keeps them for it
  record Degraded(String reason, Duration retryIn, List<IpAddress> addresses)
      implements NodeStatus {
    public Degraded {
      addresses = List.copyOf(addresses);
    }
  }

  /// It is over.
  ///
  /// @param code a stable word: [#CLOSED], or what only a person can mend, as the session API and
  ///   [io.penstock.node.tunnel.TunnelStatus] have it
  /// @param message what happened and what to do about it
  record Stopped(String code, String message) implements NodeStatus {}

  /// The code of a node that its owner has closed.
  String CLOSED = "closed";

  /// Whether nothing more will come.
  default boolean isFinal() {
    return this instanceof Stopped;
  }
}
