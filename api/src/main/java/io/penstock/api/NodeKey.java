package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// The public key of a node: Ed25519 (RFC 8032), as the 32 bytes of its point in base64url without
/// padding.
///
/// @param text the 43 characters
public record NodeKey(String text) {

  /// The name of the algorithm for the JDK.
  public static final String ALGORITHM = "Ed25519";

  private static final int KEY_BYTES = 32;

  /// Everything of a `SubjectPublicKeyInfo` that stands before the 32 bytes (RFC 8410, section 4).
  private static final byte[] X509_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]");

  @JsonCreator
  public NodeKey {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "a public key is the 32 bytes of an Ed25519 key in base64url, 43 characters");
    }
  }

  /// The key as text.
  ///
  /// @throws IllegalArgumentException when it is of another kind
  public static NodeKey of(PublicKey key) {
    byte[] encoded = key.getEncoded();
    if (!(key instanceof EdECPublicKey) || encoded.length != X509_HEAD.length + KEY_BYTES) {
      throw new IllegalArgumentException(
          "a node's key is " + ALGORITHM + ", not " + key.getAlgorithm());
    }
    byte[] raw = new byte[KEY_BYTES];
    System.arraycopy(encoded, X509_HEAD.length, raw, 0, KEY_BYTES);
    return new NodeKey(Base64.getUrlEncoder().withoutPadding().encodeToString(raw));
  }

  /// Whether the owner of this key signed the bytes; no for what is no signature, and for a key
  /// that is no point of the curve.
  public boolean verifies(byte[] signed, byte[] signature) {
    try {
      Signature verifier = Signature.getInstance(ALGORITHM);
      verifier.initVerify(publicKey());
      verifier.update(signed);
      return verifier.verify(signature);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  private PublicKey publicKey() throws GeneralSecurityException {
    byte[] raw = Base64.getUrlDecoder().decode(text);
    byte[] encoded = new byte[X509_HEAD.length + KEY_BYTES];
    System.arraycopy(X509_HEAD, 0, encoded, 0, X509_HEAD.length);
    System.arraycopy(raw, 0, encoded, X509_HEAD.length, KEY_BYTES);
    return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded));
  }

  @Override
  @JsonValue
  public String toString() {
    return text;
  }
}
