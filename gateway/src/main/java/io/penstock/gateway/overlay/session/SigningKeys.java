package io.penstock.gateway.overlay.session;

import io.penstock.api.NodeKey;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredSigningKey;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The keys that sign session tokens: one that signs, and the one before for as long as tokens of
/// its live.
///
/// ```
///   key 1  ├── signs for key_rotation ──┤── verifies for session_lifetime ──┤ forgotten
///   key 2                               ├── signs …
/// ```
///
/// Every gateway on the same database uses the same keys; a key that another one has made is found
/// when a token names it. Safe for use by several threads, blocks on the storage.
final class SigningKeys {

  private static final Logger LOG = LoggerFactory.getLogger(SigningKeys.class);

  /// Forged tokens with made-up key ids make us ask the database at most this often.
  private static final Duration RELOAD_INTERVAL = Duration.ofSeconds(1);

  private static final int KID_BYTES = 8;
  private static final SecureRandom RANDOM = new SecureRandom();

  /// A key that is ready for use.
  record SigningKey(StoredSigningKey stored, PrivateKey privateKey, NodeKey publicKey) {
    String kid() {
      return stored.kid();
    }
  }

  private final SessionConfig config;
  private final OverlayStorage storage;
  private List<SigningKey> keys = List.of();
  private Instant loaded = Instant.MIN;

  SigningKeys(SessionConfig config, OverlayStorage storage) {
    this.config = config;
    this.storage = storage;
  }

  /// The key to sign a token with that ends at the given time; a new one when the newest has signed
  /// long enough.
  synchronized SigningKey signing(Instant now, Instant tokenEnd) throws StorageException {
    Optional<SigningKey> newest = newest(now, tokenEnd);
    if (newest.isEmpty()) {
      reload(now);
      newest = newest(now, tokenEnd);
    }
    if (newest.isEmpty()) {
      StoredSigningKey made = make(now);
      storage.addSigningKey(made);
      LOG.info("signing key made kid={} retires={}", made.kid(), made.retires());
      reload(now);
      newest = newest(now, tokenEnd);
    }
    return newest.orElseThrow(
        () -> new IllegalStateException("a key that was just made can sign nothing"));
  }

  /// The key with this id, unless it has retired.
  synchronized Optional<SigningKey> verifying(String kid, Instant now) throws StorageException {
    Optional<SigningKey> known = find(kid, now);
    boolean mayAsk = loaded.isAfter(now) || !now.isBefore(loaded.plus(RELOAD_INTERVAL));
    if (known.isEmpty() && mayAsk) {
      reload(now);
      known = find(kid, now);
    }
    return known;
  }

  private Optional<SigningKey> newest(Instant now, Instant tokenEnd) {
    return keys.stream()
        .filter(key -> now.isBefore(key.stored.created().plus(config.keyRotation())))
        .filter(key -> !tokenEnd.isAfter(key.stored.retires()))
        .findFirst();
  }

  private Optional<SigningKey> find(String kid, Instant now) {
    return keys.stream()
        .filter(key -> key.kid().equals(kid))
        .filter(key -> now.isBefore(key.stored.retires()))
        .findFirst();
  }

  private void reload(Instant now) throws StorageException {
    keys = storage.signingKeys(now).stream().map(SigningKeys::ready).toList();
    loaded = now;
  }

  private StoredSigningKey make(Instant now) {
    KeyPair pair;
    try {
      pair = KeyPairGenerator.getInstance(NodeKey.ALGORITHM).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + NodeKey.ALGORITHM, e);
    }
    byte[] kid = new byte[KID_BYTES];
    RANDOM.nextBytes(kid);
    Instant created = now.truncatedTo(ChronoUnit.MILLIS);
    // A second more, because the end of a token is rounded to seconds.
    Instant retires =
        created.plus(config.keyRotation()).plus(config.sessionLifetime()).plusSeconds(1);
    return new StoredSigningKey(
        HexFormat.of().formatHex(kid),
        Base64.getEncoder().encodeToString(pair.getPrivate().getEncoded()),
        NodeKey.of(pair.getPublic()).text(),
        created,
        retires);
  }

  private static SigningKey ready(StoredSigningKey stored) {
    try {
      PrivateKey key =
          KeyFactory.getInstance(NodeKey.ALGORITHM)
              .generatePrivate(
                  new PKCS8EncodedKeySpec(Base64.getDecoder().decode(stored.privateKey())));
      return new SigningKey(stored, key, new NodeKey(stored.publicKey()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the signing key " + stored.kid() + " is damaged", e);
    }
  }
}
