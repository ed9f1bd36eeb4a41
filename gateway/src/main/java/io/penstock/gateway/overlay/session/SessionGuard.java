package io.penstock.gateway.overlay.session;

import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredNode;
import java.util.Optional;
import java.util.Set;

/// Decides whether a session token lets its node in now: it is good, the API token that bought it
/// still is, and the node has not been forgotten.
///
/// Safe for use by several threads, blocks on the storage.
public final class SessionGuard {

  private final NodeTokens tokens;
  private final Storage storage;

  public SessionGuard(NodeTokens tokens, Storage storage) {
    this.tokens = tokens;
    this.storage = storage;
  }

  /// Reads a session token and asks for what it relies on.
  public TokenVerdict check(String token) throws StorageException {
    TokenVerdict verdict = tokens.verify(token);
    return verdict instanceof TokenVerdict.Valid(var claims) && !stands(claims)
        ? new TokenVerdict.Revoked()
        : verdict;
  }

  private boolean stands(NodeClaims claims) throws StorageException {
    Optional<StoredNode> node = storage.overlay().node(claims.node());
    return node.filter(each -> each.user().equals(claims.user())).isPresent()
        && !storage.validTokens(Set.of(claims.apiToken())).isEmpty();
  }
}
