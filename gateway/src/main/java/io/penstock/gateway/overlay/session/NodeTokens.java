package io.penstock.gateway.overlay.session;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.penstock.gateway.overlay.session.SigningKeys.SigningKey;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredToken;
import java.text.ParseException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Makes and reads session tokens: JWTs (RFC 7519) signed with Ed25519, and with nothing else.
///
/// Whether the API token behind a session token is still good is not written in it; see
/// [SessionGuard]. There is no leeway for the end of a token, since it is read by the clock that it
/// was made by: it is not taken "on or after" its `exp` (RFC 7519, section 4.1.4). Several gateways
/// on one database have to agree on the time to the second.
///
/// Safe for use by several threads, blocks on the storage.
public final class NodeTokens {

  /// Four times what we make; longer than the control request of a tunnel may be.
  private static final int MAX_CHARS = 4096;

  private static final String NODE = "pssid";
  private static final String API_TOKEN = "tok";

  /// A new session token.
  ///
  /// @param token the secret
  /// @param expires to the second
  public record Issued(String token, Instant expires) {

    /// Says when it ends and not what it is.
    @Override
    public String toString() {
      return "Issued[expires=" + expires + "]";
    }
  }

  private final SessionConfig config;
  private final String audience;
  private final SigningKeys keys;
  private final InstantSource clock;

  /// Makes tokens of one network.
  ///
  /// @param audience names the network; a token for another one is not taken
  public NodeTokens(
      SessionConfig config, String audience, OverlayStorage storage, InstantSource clock) {
    this.config = config;
    this.audience = audience;
    this.keys = new SigningKeys(config, storage);
    this.clock = clock;
  }

  /// Makes a token, which ends no later than the API token.
  public Issued issue(UUID node, StoredToken apiToken) throws StorageException {
    Instant now = clock.instant();
    Instant end = now.plus(config.sessionLifetime());
    Instant expires =
        apiToken.expires().filter(end::isAfter).orElse(end).truncatedTo(ChronoUnit.SECONDS);
    SigningKey key = keys.signing(now, expires);
    SignedJWT jwt =
        new SignedJWT(
            new JWSHeader.Builder(Ed25519Jws.ALGORITHM)
                .type(JOSEObjectType.JWT)
                .keyID(key.kid())
                .build(),
            new JWTClaimsSet.Builder()
                .claim(NODE, node.toString())
                .subject(apiToken.user())
                .claim(API_TOKEN, apiToken.id())
                .jwtID(UUID.randomUUID().toString())
                .audience(audience)
                .issueTime(Date.from(now))
                .expirationTime(Date.from(expires))
                .build());
    try {
      jwt.sign(new Ed25519Jws(key.privateKey()));
    } catch (JOSEException e) {
      throw new IllegalStateException("our own key cannot sign", e);
    }
    return new Issued(jwt.serialize(), expires);
  }

  /// Reads a token and says what it is worth; never [TokenVerdict.Revoked].
  public TokenVerdict verify(String token) throws StorageException {
    if (token.length() > MAX_CHARS) {
      return new TokenVerdict.Malformed("it is too long");
    }
    Instant now = clock.instant();
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      JWSHeader header = jwt.getHeader();
      Optional<String> wrong = fault(header);
      if (wrong.isPresent()) {
        return new TokenVerdict.Malformed(wrong.get());
      }
      Optional<SigningKey> key = keys.verifying(header.getKeyID(), now);
      if (key.isEmpty()
          || !key.get().publicKey().verifies(jwt.getSigningInput(), jwt.getSignature().decode())) {
        return new TokenVerdict.BadSignature();
      }
      return verdict(jwt.getJWTClaimsSet(), now);
    } catch (ParseException _) {
      return new TokenVerdict.Malformed("it is no signed JWT");
    }
  }

  /// What keeps us from even trying the signature: "none", any algorithm but ours, and extensions
  /// that we would have to understand (RFC 7515, section 4.1.11).
  private static Optional<String> fault(JWSHeader header) {
    if (!Ed25519Jws.ALGORITHM.equals(header.getAlgorithm())) {
      return Optional.of("its algorithm is not " + Ed25519Jws.ALGORITHM);
    }
    if (header.getType() != null && !JOSEObjectType.JWT.equals(header.getType())) {
      return Optional.of("its type is not JWT");
    }
    if (header.getKeyID() == null) {
      return Optional.of("it names no key");
    }
    return header.getCriticalParams() == null
        ? Optional.empty()
        : Optional.of("it has critical extensions");
  }

  private TokenVerdict verdict(JWTClaimsSet claims, Instant now) throws ParseException {
    if (!claims.getAudience().equals(List.of(audience))) {
      return new TokenVerdict.Malformed("it is for another audience");
    }
    String node = claims.getStringClaim(NODE);
    String apiToken = claims.getStringClaim(API_TOKEN);
    Date end = claims.getExpirationTime();
    if (node == null
        || apiToken == null
        || end == null
        || claims.getSubject() == null
        || claims.getJWTID() == null) {
      return new TokenVerdict.Malformed("it lacks a claim");
    }
    UUID id;
    try {
      id = UUID.fromString(node);
    } catch (IllegalArgumentException _) {
      return new TokenVerdict.Malformed("its " + NODE + " is no UUID");
    }
    Instant expires = end.toInstant();
    return now.isBefore(expires)
        ? new TokenVerdict.Valid(
            new NodeClaims(id, claims.getSubject(), apiToken, claims.getJWTID(), expires))
        : new TokenVerdict.Expired(expires);
  }
}
