package io.penstock.gateway.overlay;

import io.penstock.api.IpAddress;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.gateway.store.StoredLease;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What one tunnel is known by: what its latest session token says, and which leases it was
/// granted.
///
/// Each renewal makes a new one, which goes on with the leases of the one before. So a tunnel knows
/// the generation of each of its own leases, whatever a newer tunnel of the same node was granted.
/// Any thread may call any method.
final class TunnelSession {

  private final NodeClaims claims;
  private volatile Map<IpAddress, StoredLease> leases = new ConcurrentHashMap<>();

  TunnelSession(NodeClaims claims) {
    this.claims = claims;
  }

  NodeClaims claims() {
    return claims;
  }

  /// Goes on with the leases of the session that this one renews.
  void follow(TunnelSession before) {
    leases = before.leases;
  }

  void granted(StoredLease lease) {
    leases.put(lease.address(), lease);
  }

  /// The lease of an address that this tunnel was granted.
  Optional<StoredLease> lease(IpAddress address) {
    return Optional.ofNullable(leases.get(address));
  }
}
