package io.penstock.gateway.overlay.session;

import java.time.Instant;

/// What a session token turned out to be worth.
public sealed interface TokenVerdict {

  /// It is good until it expires.
  record Valid(NodeClaims claims) implements TokenVerdict {}

  /// None of the keys in use has signed it.
  record BadSignature() implements TokenVerdict {}

  /// We have signed it, and its time is over.
  record Expired(Instant since) implements TokenVerdict {}

  /// We have signed it, but the API token that bought it or the node is no more.
  record Revoked() implements TokenVerdict {}

  /// It is no token of this network at all.
  ///
  /// @param why without quoting the token
  record Malformed(String why) implements TokenVerdict {}
}
