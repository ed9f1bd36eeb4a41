package io.penstock.node.identity;

import io.penstock.api.NodeKey;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An identity as it is kept: explanatory text with the id, and both halves of the key in PEM (RFC
/// 7468), as PKCS #8 and SubjectPublicKeyInfo (RFC 8410).
///
/// ```
///   Penstock node 8b6fdc9e-…
///   -----BEGIN PRIVATE KEY-----
///   …
///   -----END PRIVATE KEY-----
///   -----BEGIN PUBLIC KEY-----
///   …
///   -----END PUBLIC KEY-----
/// ```
///
/// The public half is there because the JDK has no way from the private one to it.
record StoredIdentity(UUID id, KeyPair keys) {

  private static final Pattern ID =
      Pattern.compile(
          "Penstock node"
              + " ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})[\\r\\n]+");
  private static final String PRIVATE = "PRIVATE KEY";
  private static final String PUBLIC = "PUBLIC KEY";
  private static final int LINE_CHARS = 64;

  static StoredIdentity of(KeyPair keys) {
    return new StoredIdentity(UUID.randomUUID(), keys);
  }

  /// Reads what [#pem] wrote.
  ///
  /// @throws IllegalArgumentException when it is something else, with the fault and no key
  static StoredIdentity parse(String text) {
    Matcher id = ID.matcher(text);
    if (!id.lookingAt()) {
      throw new IllegalArgumentException("its first line names no node");
    }
    try {
      KeyFactory factory = KeyFactory.getInstance(NodeKey.ALGORITHM);
      PrivateKey secret = factory.generatePrivate(new PKCS8EncodedKeySpec(block(text, PRIVATE)));
      PublicKey open = factory.generatePublic(new X509EncodedKeySpec(block(text, PUBLIC)));
      requirePair(secret, open);
      return new StoredIdentity(UUID.fromString(id.group(1)), new KeyPair(open, secret));
    } catch (GeneralSecurityException _) {
      throw new IllegalArgumentException("its keys are not of the kind " + NodeKey.ALGORITHM);
    }
  }

  String pem() {
    return "Penstock node "
        + id
        + "\n"
        + block(PRIVATE, keys.getPrivate())
        + block(PUBLIC, keys.getPublic());
  }

  /// Names the id alone.
  @Override
  public String toString() {
    return "StoredIdentity[id=" + id + "]";
  }

  private static void requirePair(PrivateKey secret, PublicKey open)
      throws GeneralSecurityException {
    byte[] message = {1};
    Signature signer = Signature.getInstance(NodeKey.ALGORITHM);
    signer.initSign(secret);
    signer.update(message);
    if (!NodeKey.of(open).verifies(message, signer.sign())) {
      throw new IllegalArgumentException("its two keys do not belong together");
    }
  }

  private static byte[] block(String text, String label) {
    Matcher block =
        Pattern.compile(
                "-----BEGIN %s-----([A-Za-z0-9+/=\\s]+)-----END %s-----".formatted(label, label))
            .matcher(text);
    if (!block.find()) {
      throw new IllegalArgumentException("it has no " + label);
    }
    return Base64.getMimeDecoder().decode(block.group(1));
  }

  private static String block(String label, Key key) {
    String body =
        Base64.getMimeEncoder(LINE_CHARS, new byte[] {'\n'}).encodeToString(key.getEncoded());
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, body, label);
  }
}
