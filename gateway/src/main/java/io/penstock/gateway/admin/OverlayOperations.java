package io.penstock.gateway.admin;

import io.penstock.api.IpAddress;
import io.penstock.api.LeaseInfo;
import io.penstock.api.NodeInfo;
import java.io.IOException;
import java.util.List;

/// What the admin API asks of the overlay of a running gateway. Called on virtual threads, several
/// at a time; may block on the storage.
public interface OverlayOperations {

  /// All nodes that are remembered, the oldest first.
  List<NodeInfo> nodes() throws IOException;

  /// What became of a wish about a node or an address.
  enum Outcome {
    /// It is done.
    DONE,
    /// There is no such node or lease.
    NONE,
    /// The node has no tunnel that could be ended.
    NOT_CONNECTED,
    /// The node has a tunnel, so its address is in use.
    IN_USE
  }

  /// Ends the tunnel of a node, which may connect again.
  ///
  /// @param node its id or its name
  Outcome kick(String node) throws IOException;

  /// Ends the tunnel of a node, and forgets its id, name, key and addresses.
  ///
  /// @param node its id or its name
  Outcome forget(String node) throws IOException;

  /// All leases in the order of their addresses.
  List<LeaseInfo> leases() throws IOException;

  /// Frees an address that is on hold.
  Outcome release(IpAddress address) throws IOException;
}
