package io.penstock.node.overlay;

import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.config.Requirements;
import io.penstock.transport.netstack.PortOwner;
import java.util.Optional;

/// Which port somebody wants.
///
/// @param address one of the node's own, or empty for all of them, of both families
/// @param port 0 for any free one
/// @param owner whose port it is, such as `serve`, for the message to whoever wants it later, and
///   whether an exact address and all addresses may have different ones
/// @param backlog how many accepted connections may wait for [OverlayPort#accepting]
public record PortRequest(Optional<IpAddress> address, int port, PortOwner owner, int backlog) {

  /// A burst of visitors while the accepting side catches its breath; each costs a few KiB.
  public static final int DEFAULT_BACKLOG = 256;

  private static final int MAX_BACKLOG = 65_536;

  public PortRequest {
    address = address.filter(one -> !one.isUnspecified());
    Requirements.of("")
        .between("port", port, 0, HostPort.MAX_PORT)
        .between("backlog", backlog, 1, MAX_BACKLOG)
        .check();
  }

  /// A port at all addresses of the node.
  public static PortRequest everywhere(int port, PortOwner owner) {
    return new PortRequest(Optional.empty(), port, owner, DEFAULT_BACKLOG);
  }

  /// A port at one address of the node.
  public static PortRequest at(IpAddress address, int port, PortOwner owner) {
    return new PortRequest(Optional.of(address), port, owner, DEFAULT_BACKLOG);
  }

  /// The same with another backlog.
  public PortRequest withBacklog(int connections) {
    return new PortRequest(address, port, owner, connections);
  }
}
