package io.penstock.transport.tls;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;

/// The identity of a certificate authority: SHA-256 over its SubjectPublicKeyInfo (RFC 5280,
/// 4.1.2.7).
///
/// It stays the same when the authority's certificate is made anew with the same key. Written as
/// `sha256:` and 64 hexadecimal digits.
public final class Fingerprint {

  private static final String PREFIX = "sha256:";
  private static final int LENGTH_BYTES = 32;

  private final byte[] digest;

  private Fingerprint(byte[] digest) {
    this.digest = digest;
  }

  /// Computes the fingerprint of the certificate's public key.
  public static Fingerprint of(X509Certificate certificate) {
    try {
      byte[] spki = certificate.getPublicKey().getEncoded();
      return new Fingerprint(MessageDigest.getInstance("SHA-256").digest(spki));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// Reads a fingerprint; colons between the digits and capital letters are fine.
  ///
  /// @throws IllegalArgumentException with a message for the user when it is none
  public static Fingerprint parse(String text) {
    String hex = text.startsWith(PREFIX) ? text.substring(PREFIX.length()) : text;
    try {
      byte[] digest = HexFormat.of().parseHex(hex.replace(":", ""));
      if (digest.length == LENGTH_BYTES) {
        return new Fingerprint(digest);
      }
    } catch (IllegalArgumentException _) {
      // Said below, in our own words.
    }
    throw new IllegalArgumentException(
        "\"" + text + "\" is no fingerprint; expected sha256: and 64 hexadecimal digits");
  }

  /// Whether the certificate has this public key.
  public boolean matches(X509Certificate certificate) {
    return equals(of(certificate));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Fingerprint that && MessageDigest.isEqual(digest, that.digest);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(digest);
  }

  @Override
  public String toString() {
    return PREFIX + HexFormat.of().formatHex(digest);
  }
}
