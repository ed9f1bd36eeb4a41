package io.penstock.gateway.overlay.router;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Who has an address: a node with its tunnel, or a node that is away and whose lease is on hold.
///
/// @param node the node that the address is leased to
/// @param generation of the lease
/// @param owner counts the flows that the node opens
/// @param tunnel where its packets go, null while it is away
record RouteEntry(UUID node, long generation, FlowOwner owner, @Nullable Attached tunnel) {

  RouteEntry onHold() {
    return new RouteEntry(node, generation, owner, null);
  }
}
