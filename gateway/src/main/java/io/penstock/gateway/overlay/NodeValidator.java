package io.penstock.gateway.overlay;

import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.store.StorageException;
import io.penstock.transport.snaptun.TokenValidator;
import io.penstock.transport.snaptun.TokenVerdict;
import java.time.Instant;

/// Judges session tokens for the tunnel server. Blocks on the storage.
public final class NodeValidator implements TokenValidator<NodeClaims> {

  private final SessionGuard guard;

  public NodeValidator(SessionGuard guard) {
    this.guard = guard;
  }

  /// Looks at the guard's own clock, by which the tokens were made.
  @Override
  public TokenVerdict<NodeClaims> validate(String token, Instant now) {
    try {
      return switch (guard.check(token)) {
        case io.penstock.gateway.overlay.session.TokenVerdict.Valid(var claims) ->
            new TokenVerdict.Valid<>(claims, claims.expires());
        case io.penstock.gateway.overlay.session.TokenVerdict.BadSignature _,
            io.penstock.gateway.overlay.session.TokenVerdict.Revoked _ ->
            // To the peer a token that was taken back is one that nobody vouches for.
            new TokenVerdict.BadSignature<>();
        case io.penstock.gateway.overlay.session.TokenVerdict.Expired _ ->
            new TokenVerdict.Expired<>();
        case io.penstock.gateway.overlay.session.TokenVerdict.Malformed(var why) ->
            new TokenVerdict.Malformed<>(why);
      };
    } catch (StorageException e) {
      return new TokenVerdict.Failed<>(String.valueOf(e.getMessage()));
    }
  }

  /// A tunnel belongs to one node, whichever API token has bought its present session.
  @Override
  public boolean continues(NodeClaims established, NodeClaims presented) {
    return established.node().equals(presented.node());
  }
}
