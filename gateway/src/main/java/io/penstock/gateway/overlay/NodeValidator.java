package io.penstock.gateway.overlay;

import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.store.StorageException;
import io.penstock.transport.snaptun.TokenValidator;
import io.penstock.transport.snaptun.TokenVerdict;
import java.time.Instant;

/// Judges session tokens for the tunnel server. Blocks on the storage.
final class NodeValidator implements TokenValidator<TunnelSession> {

  private final SessionGuard guard;

  NodeValidator(SessionGuard guard) {
    this.guard = guard;
  }

  /// Looks at the guard's own clock, by which the tokens were made.
  @Override
  public TokenVerdict<TunnelSession> validate(String token, Instant now) {
    try {
      return switch (guard.check(token)) {
        case io.penstock.gateway.overlay.session.TokenVerdict.Valid(var claims) ->
            new TokenVerdict.Valid<>(new TunnelSession(claims), claims.expires());
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
  public boolean continues(TunnelSession established, TunnelSession presented) {
    if (!established.claims().node().equals(presented.claims().node())) {
      return false;
    }
    presented.follow(established);
    return true;
  }
}
