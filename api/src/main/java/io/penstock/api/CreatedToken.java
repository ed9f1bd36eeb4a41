package io.penstock.api;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// A token that was just made: the only time that its secret is shown.
///
/// @param id names the token without giving it away
/// @param token the secret
/// @param user whom it stands for
/// @param scopes what its holder may do
/// @param expires when it ends, if it does
public record CreatedToken(
    String id, String token, String user, Set<Scope> scopes, Optional<Instant> expires) {
  public CreatedToken {
    scopes = Scope.copyOf(scopes);
  }

  /// Names the token without its secret.
  @Override
  public String toString() {
    return "CreatedToken[id=%s, user=%s, scopes=%s, expires=%s]"
        .formatted(id, user, scopes, expires);
  }
}
