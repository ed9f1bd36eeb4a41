package io.penstock.node.overlay;

import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.config.Requirements;
import java.util.Optional;

/// Which port somebody wants.
///
/// @param address one of the node's own, or empty for all of them, of both families
/// @param port 0 for any free one
/// @param owner for the message to whoever wants the same port later, such as `serve`
/// @param sharing who else may have the port
/// @param backlog how many accepted connections may wait for [OverlayPort#accepting]
public record PortRequest(
    Optional<IpAddress> address, int port, String owner, Sharing sharing, int backlog) {

  /// Who else may have a port.
  public enum Sharing {
    /// One for all addresses and one for each single address, which comes first.
    EXACT_BESIDE_WILDCARD,
    /// Nobody, at any address.
    NONE
  }

  /// A burst of visitors while the accepting side catches its breath; each costs a few KiB.
  public static final int DEFAULT_BACKLOG = 256;

  private static final int MAX_BACKLOG = 65_536;

  public PortRequest {
    address = address.filter(one -> !one.isUnspecified());
    Requirements.of("")
        .between("port", port, 0, HostPort.MAX_PORT)
        .that(!owner.isBlank(), "owner", "\"" + owner + "\"", "a word that says whose port it is")
        .between("backlog", backlog, 1, MAX_BACKLOG)
        .check();
  }

  /// A port at all addresses of the node.
  public static PortRequest everywhere(int port, String owner) {
    return new PortRequest(
        Optional.empty(), port, owner, Sharing.EXACT_BESIDE_WILDCARD, DEFAULT_BACKLOG);
  }

  /// A port at one address of the node.
  public static PortRequest at(IpAddress address, int port, String owner) {
    return new PortRequest(
        Optional.of(address), port, owner, Sharing.EXACT_BESIDE_WILDCARD, DEFAULT_BACKLOG);
  }

  /// The same with another backlog.
  public PortRequest withBacklog(int connections) {
    return new PortRequest(address, port, owner, sharing, connections);
  }

  /// The same for whoever wants to be alone on the port.
  public PortRequest exclusive() {
    return new PortRequest(address, port, owner, Sharing.NONE, backlog);
  }
}
