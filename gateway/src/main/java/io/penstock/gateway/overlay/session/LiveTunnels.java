package io.penstock.gateway.overlay.session;

import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/// The tunnels of all nodes that are connected now, one of each; it ends those that may not go on.
///
/// A tunnel is added once it is assigned an address. A newer one of the same node takes over at
/// once. When an API token is revoked on this gateway its tunnels end with that call, and so does
/// the tunnel of a node that it forgets; [#check] finds tokens that were revoked elsewhere or have
/// expired, nodes that were forgotten elsewhere, and either where a tunnel was added in the very
/// moment, so whoever holds this calls it every [#CHECK_INTERVAL].
///
/// Safe for use by several threads. Tunnels are told to end on the calling thread.
public final class LiveTunnels {

  /// A revoked API token, or a forgotten node, ends its tunnels within 5 s, which leaves time for a
  /// slow database.
  public static final Duration CHECK_INTERVAL = Duration.ofSeconds(2);

  /// A tunnel to a node.
  public interface Tunnel {

    /// What its latest session token said; the node is always the same.
    NodeClaims claims();

    /// Ends it; may be called more than once, and must not block.
    void end(EndCause cause);
  }

  /// Why a tunnel is ended from our side.
  public enum EndCause {
    /// The node has a newer tunnel.
    REPLACED("session replaced"),
    /// The node was granted its address anew for a tunnel that never came to be; it may come back.
    DISPLACED("address lost"),
    /// The API token behind it was revoked or has expired.
    TOKEN_REVOKED("token revoked"),
    /// An administrator has ended it; the node may come back.
    KICKED("kicked"),
    /// An administrator has made the network forget the node.
    FORGOTTEN("node forgotten");

    private final String text;

    EndCause(String text) {
      this.text = text;
    }

    /// The reason in words that the node may see.
    public String text() {
      return text;
    }
  }

  private final Storage storage;
  private final ConcurrentHashMap<UUID, Tunnel> byNode = new ConcurrentHashMap<>();

  public LiveTunnels(Storage storage) {
    this.storage = storage;
  }

  /// Makes a tunnel the one of its node, and ends an older one.
  public void add(Tunnel tunnel) {
    Tunnel older = byNode.put(tunnel.claims().node(), tunnel);
    if (older != null && !older.equals(tunnel)) {
      older.end(EndCause.REPLACED);
    }
  }

  /// Takes a tunnel out that has ended.
  ///
  /// @return whether it still was the one of its node
  public boolean remove(Tunnel tunnel) {
    return byNode.remove(tunnel.claims().node(), tunnel);
  }

  /// The tunnel of a node.
  public Optional<Tunnel> of(UUID node) {
    return Optional.ofNullable(byNode.get(node));
  }

  /// All tunnels, in no order.
  public Collection<Tunnel> all() {
    return List.copyOf(byNode.values());
  }

  /// How many there are.
  public int size() {
    return byNode.size();
  }

  /// Ends the tunnel of a node.
  ///
  /// @return whether it had one
  public boolean end(UUID node, EndCause cause) {
    Optional<Tunnel> tunnel = of(node);
    tunnel.ifPresent(each -> each.end(cause));
    return tunnel.isPresent();
  }

  /// Ends the tunnels that an API token has bought; to be called after the storage has forgotten
  /// it.
  public void tokenRevoked(String apiToken) {
    byNode.values().stream()
        .filter(tunnel -> tunnel.claims().apiToken().equals(apiToken))
        .forEach(tunnel -> tunnel.end(EndCause.TOKEN_REVOKED));
  }

  /// Asks the storage which of the API tokens are still good and which of the nodes there still are
  /// with their users, and ends the tunnels of the others. Blocks.
  ///
  /// @throws StorageException with nothing ended, as nothing is known then
  public void check() throws StorageException {
    List<Seen> seen =
        byNode.values().stream().map(tunnel -> new Seen(tunnel, tunnel.claims())).toList();
    Set<String> good = storage.validTokens(those(seen, NodeClaims::apiToken));
    Map<UUID, String> owners = storage.overlay().owners(those(seen, NodeClaims::node));
    for (Seen each : seen) {
      NodeClaims claims = each.claims;
      if (!claims.user().equals(owners.get(claims.node()))) {
        each.tunnel.end(EndCause.FORGOTTEN);
      } else if (!good.contains(claims.apiToken())) {
        each.tunnel.end(EndCause.TOKEN_REVOKED);
      }
    }
  }

  /// A tunnel with what it was known by when the storage was asked.
  private record Seen(Tunnel tunnel, NodeClaims claims) {}

  private static <T> Set<T> those(List<Seen> seen, Function<NodeClaims, T> property) {
    return seen.stream().map(each -> property.apply(each.claims)).collect(Collectors.toSet());
  }
}
