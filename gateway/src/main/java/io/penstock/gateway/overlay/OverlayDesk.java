package io.penstock.gateway.overlay;

import io.penstock.api.IpAddress;
import io.penstock.api.LeaseInfo;
import io.penstock.api.NodeInfo;
import io.penstock.gateway.admin.OverlayOperations;
import io.penstock.gateway.overlay.lease.AddressPool;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.LiveTunnels.EndCause;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.StoredLease;
import io.penstock.gateway.store.StoredNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What administrators may see and do in the overlay. Safe for use by several threads, blocks on
/// the storage.
public final class OverlayDesk implements OverlayOperations {

  private final OverlayStorage storage;
  private final AddressPool pool;
  private final LiveTunnels tunnels;

  public OverlayDesk(OverlayStorage storage, AddressPool pool, LiveTunnels tunnels) {
    this.storage = storage;
    this.pool = pool;
    this.tunnels = tunnels;
  }

  @Override
  public List<NodeInfo> nodes() throws IOException {
    Map<UUID, List<IpAddress>> addresses =
        pool.leases().stream()
            .collect(
                Collectors.groupingBy(
                    StoredLease::node,
                    Collectors.mapping(StoredLease::address, Collectors.toList())));
    return storage.nodes().stream()
        .map(
            node ->
                new NodeInfo(
                    node.id(),
                    node.name(),
                    node.user(),
                    node.publicKey(),
                    addresses.getOrDefault(node.id(), List.of()),
                    tunnels.of(node.id()).isPresent(),
                    node.created(),
                    node.seen()))
        .toList();
  }

  @Override
  public Outcome kick(String node) throws IOException {
    Optional<UUID> id = find(node);
    if (id.isEmpty()) {
      return Outcome.NONE;
    }
    return tunnels.end(id.get(), EndCause.KICKED) ? Outcome.DONE : Outcome.NOT_CONNECTED;
  }

  /// The storage forgets it first, so that it cannot come back in between.
  @Override
  public Outcome forget(String node) throws IOException {
    Optional<UUID> id = find(node);
    if (id.isEmpty() || !pool.forget(id.get())) {
      return Outcome.NONE;
    }
    tunnels.end(id.get(), EndCause.FORGOTTEN);
    return Outcome.DONE;
  }

  @Override
  public List<LeaseInfo> leases() throws IOException {
    List<StoredLease> leases = pool.leases();
    Map<UUID, StoredNode> nodes =
        storage.nodes().stream().collect(Collectors.toMap(StoredNode::id, Function.identity()));
    List<LeaseInfo> all = new ArrayList<>();
    for (StoredLease lease : leases) {
      StoredNode node = nodes.get(lease.node());
      // One that was forgotten between the two questions has no lease any more.
      if (node != null) {
        all.add(
            new LeaseInfo(
                lease.address(),
                lease.node(),
                node.name(),
                node.user(),
                lease.generation(),
                lease.heldUntil().isEmpty() ? LeaseInfo.State.ASSIGNED : LeaseInfo.State.HELD,
                lease.heldUntil()));
      }
    }
    return all;
  }

  @Override
  public Outcome release(IpAddress address) throws IOException {
    return switch (pool.release(address)) {
      case RELEASED -> Outcome.DONE;
      case NOBODYS -> Outcome.NONE;
      case IN_USE -> Outcome.IN_USE;
    };
  }

  /// The id first, so that no name can stand in the way of an id.
  private Optional<UUID> find(String node) throws IOException {
    List<StoredNode> all = storage.nodes();
    return all.stream()
        .filter(each -> each.id().toString().equals(node))
        .findFirst()
        .or(() -> all.stream().filter(each -> each.name().equals(node)).findFirst())
        .map(StoredNode::id);
  }
}
