package io.penstock.api;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// A token as the admin API lists it: everything but its secret, which nobody keeps.
///
/// @param id names the token
/// @param user whom it stands for
/// @param scopes what its holder may do
/// @param created when it was made
/// @param expires when it ends, if it does
/// @param revoked when it was revoked, if it was
public record TokenInfo(
    String id,
    String user,
    Set<Scope> scopes,
    Instant created,
    Optional<Instant> expires,
    Optional<Instant> revoked) {
  public TokenInfo {
    scopes = Scope.copyOf(scopes);
  }
}
