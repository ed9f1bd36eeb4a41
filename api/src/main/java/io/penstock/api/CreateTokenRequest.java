package io.penstock.api;

import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// What the admin API needs to make a token.
///
/// @param user whom the token stands for
/// @param scopes what its holder may do, at least one
/// @param expires when it ends, before [#LATEST]; without it the token lasts until it is revoked
public record CreateTokenRequest(String user, Set<Scope> scopes, Optional<Instant> expires) {

  /// The end of what RFC 3339 can write.
  public static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  public CreateTokenRequest {
    UserName.require(user);
    scopes = Scope.copyOf(scopes);
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException(
          "scopes is empty, allowed is at least one of connect, overlay, admin");
    }
    expires.ifPresent(
        end -> {
          if (end.isAfter(LATEST)) {
            throw new IllegalArgumentException(
                "expires is %s, allowed is up to %s".formatted(end, LATEST));
          }
        });
  }
}
