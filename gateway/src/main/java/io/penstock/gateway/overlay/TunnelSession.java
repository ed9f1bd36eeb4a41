package io.penstock.gateway.overlay;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
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
/// A node has one lease in each family, so the last one of each is all that is kept, however often
/// a node asks for another address. Any thread may call any method.
final class TunnelSession {

  private final NodeClaims claims;
  private volatile Map<IpFamily, StoredLease> leases = new ConcurrentHashMap<>();

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
    leases.put(lease.address().family(), lease);
  }

  /// How many it knows of.
  int leases() {
    return leases.size();
  }

  /// The lease of an address that this tunnel was granted, unless it was granted another one since.
  Optional<StoredLease> lease(IpAddress address) {
    return Optional.ofNullable(leases.get(address.family()))
        .filter(lease -> lease.address().equals(address));
  }
}
