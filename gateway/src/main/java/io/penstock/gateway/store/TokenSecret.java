package io.penstock.gateway.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// Makes the secrets and names of tokens.
///
/// A secret is `pst_` and 256 random bits in base64url (RFC 4648, section 5). Only its SHA-256 is
/// kept: a slow hash would protect nothing, as there is no guessing 256 bits.
final class TokenSecret {

  private static final String PREFIX = "pst_";
  private static final String ID_PREFIX = "tok_";
  private static final int SECRET_BYTES = 32;
  private static final int ID_BYTES = 12;
  private static final Pattern FORM = Pattern.compile(PREFIX + "[A-Za-z0-9_-]{43}");
  private static final SecureRandom RANDOM = new SecureRandom();

  private TokenSecret() {}

  static String create() {
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random(SECRET_BYTES));
  }

  /// A name for a token, which need not be secret but must not repeat, on any gateway.
  static String createId() {
    return ID_PREFIX + HexFormat.of().formatHex(random(ID_BYTES));
  }

  /// Whether the text could be a secret at all; if not, the database need not be asked.
  static boolean isPlausible(String text) {
    return FORM.matcher(text).matches();
  }

  static String hash(String secret) {
    try {
      byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// Compares two hashes in a time that does not depend on where they differ.
  static boolean equal(String hash, String other) {
    return MessageDigest.isEqual(
        hash.getBytes(StandardCharsets.US_ASCII), other.getBytes(StandardCharsets.US_ASCII));
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    RANDOM.nextBytes(bytes);
    return bytes;
  }
}
