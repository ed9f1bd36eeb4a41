package io.penstock.gateway.store;

import io.penstock.api.Scope;
import io.penstock.api.TokenInfo;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// A token as it is remembered: everything but its secret.
///
/// @param id names the token
/// @param user whom it stands for
/// @param scopes what its holder may do
/// @param created when it was made
/// @param expires when it ends, if it does
/// @param revoked when it was revoked, if it was
public record StoredToken(
    String id,
    String user,
    Set<Scope> scopes,
    Instant created,
    Optional<Instant> expires,
    Optional<Instant> revoked) {
  public StoredToken {
    scopes = Set.copyOf(scopes);
  }

  /// Whether its holder may still use it.
  public boolean isValidAt(Instant now) {
    return revoked.isEmpty() && expires.map(now::isBefore).orElse(true);
  }

  /// The token as the admin API lists it.
  public TokenInfo info() {
    return new TokenInfo(id, user, scopes, created, expires, revoked);
  }
}
