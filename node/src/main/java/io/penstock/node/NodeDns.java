package io.penstock.node;

import io.penstock.api.HostLookup;

/// How names are looked up: that of the gateway, the only one that a node itself looks up outside
/// of its overlay, and those without a dot that the program around it looks up.
///
/// @param gateway finds the addresses of the gateway's host, also that of its tunnels where that is
///   another one; nobody else is asked for them
/// @param shortNames who answers names without a dot
public record NodeDns(HostLookup gateway, ShortNames shortNames) {

  /// Whose business a name without a dot is that code of this process gives to the JDK, such as
  /// `db`. A socket factory or resolver of the node always takes it for one of the overlay.
  public enum ShortNames {
    /// The node's if a peer bears it, else the machine's.
    PEERS,
    /// The machine's.
    MACHINE
  }

  /// The gateway as this machine looks names up, and short names of peers.
  public static final NodeDns DEFAULT = new NodeDns(HostLookup.SYSTEM, ShortNames.PEERS);

  public NodeDns withGateway(HostLookup value) {
    return new NodeDns(value, shortNames);
  }

  public NodeDns withShortNames(ShortNames value) {
    return new NodeDns(gateway, value);
  }
}
