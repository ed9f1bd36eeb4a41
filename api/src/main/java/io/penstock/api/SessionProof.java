package io.penstock.api;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The proof that the sender of a session request owns the key in it: an Ed25519 signature in the
/// header [#HEADER].
///
/// ```
///   header  v1 MILLIS SIGNATURE              MILLIS: time of signing, Unix milliseconds, decimal
///                                            SIGNATURE: 64 bytes in base64url without padding
///   signed  penstock-session-v1 LF
///           MILLIS LF
///           SHA-256 of the API token's secret, in lower-case hexadecimal LF
///           the body, byte for byte
/// ```
///
/// The time has to be near that of the gateway and later than that of the node's last request, so
/// no request is taken twice. The API token is signed because a request must be of no use with
/// another one.
///
/// @param signed when it was signed, to the millisecond
/// @param signature what the key made of the bytes
public record SessionProof(Instant signed, String signature) {

  /// The header of the request that carries the proof.
  public static final String HEADER = "Penstock-Node-Signature";

  private static final String PURPOSE = "penstock-session-v1";
  private static final Pattern FORM = Pattern.compile("v1 ([0-9]{1,15}) ([A-Za-z0-9_-]{86})");

  /// Signs a request.
  ///
  /// @param key of the node, Ed25519
  /// @param apiToken the secret with which the request is sent
  /// @param body as it is sent
  /// @param now to the millisecond; later than in any request of this node before
  public static SessionProof sign(PrivateKey key, String apiToken, byte[] body, Instant now) {
    Instant signed = Instant.ofEpochMilli(now.toEpochMilli());
    try {
      Signature signer = Signature.getInstance(NodeKey.ALGORITHM);
      signer.initSign(key);
      signer.update(signedBytes(signed, apiToken, body));
      return new SessionProof(
          signed, Base64.getUrlEncoder().withoutPadding().encodeToString(signer.sign()));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the key cannot sign with " + NodeKey.ALGORITHM, e);
    }
  }

  /// Reads the header.
  ///
  /// @throws IllegalArgumentException when it has another form
  public static SessionProof parse(String header) {
    Matcher form = FORM.matcher(header);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          HEADER + " must be \"v1\", Unix milliseconds and an Ed25519 signature in base64url");
    }
    return new SessionProof(Instant.ofEpochMilli(Long.parseLong(form.group(1))), form.group(2));
  }

  /// Whether the owner of the key signed exactly this request.
  public boolean isBy(NodeKey key, String apiToken, byte[] body) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(signature);
    } catch (IllegalArgumentException _) {
      return false;
    }
    return key.verifies(signedBytes(signed, apiToken, body), bytes);
  }

  /// The value of the header.
  public String header() {
    return "v1 " + signed.toEpochMilli() + " " + signature;
  }

  private static byte[] signedBytes(Instant signed, String apiToken, byte[] body) {
    String head = PURPOSE + "\n" + signed.toEpochMilli() + "\n" + sha256(apiToken) + "\n";
    byte[] start = head.getBytes(StandardCharsets.US_ASCII);
    byte[] all = new byte[start.length + body.length];
    System.arraycopy(start, 0, all, 0, start.length);
    System.arraycopy(body, 0, all, start.length, body.length);
    return all;
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
