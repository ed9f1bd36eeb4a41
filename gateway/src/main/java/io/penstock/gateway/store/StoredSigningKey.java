package io.penstock.gateway.store;

import java.time.Instant;

/// A key with which this gateway, and every other one on the same database, signs session tokens.
///
/// @param kid names the key in a token
/// @param privateKey Ed25519 as PKCS#8 in base64; a secret
/// @param publicKey the 32 bytes in base64url
/// @param created when it was made
/// @param retires from when on nothing that it has signed is taken
public record StoredSigningKey(
    String kid, String privateKey, String publicKey, Instant created, Instant retires) {

  /// Names the key without its private half.
  @Override
  public String toString() {
    return "StoredSigningKey[kid=%s, created=%s, retires=%s]".formatted(kid, created, retires);
  }
}
