package io.penstock.node.serve;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A chain and its key as PEM (RFC 7468): certificates, and a key in PKCS#8 that the first of them
/// certifies.
final class PemPair {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");

  private PemPair() {}

  static CertificateSource.Certificate read(InputStream chain, InputStream key)
      throws IOException, GeneralSecurityException {
    List<X509Certificate> certificates =
        CertificateFactory.getInstance("X.509").generateCertificates(chain).stream()
            .map(X509Certificate.class::cast)
            .toList();
    if (certificates.isEmpty()) {
      throw new IOException("there is no certificate");
    }
    CertificateSource.Certificate pair = new CertificateSource.Certificate(key(key), certificates);
    requireTogether(pair);
    return pair;
  }

  static PrivateKey key(InputStream in) throws IOException, GeneralSecurityException {
    String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    Matcher found = KEY.matcher(text);
    if (!found.find()) {
      throw new IOException("there is no \"BEGIN PRIVATE KEY\"");
    }
    byte[] der = decoded(found.group(1));
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException _) {
        // It is a key of another algorithm.
      }
    }
    throw new IOException("the key is none of " + ALGORITHMS);
  }

  private static byte[] decoded(String base64) throws IOException {
    try {
      return Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new IOException("the key is no base64: " + e.getMessage(), e);
    }
  }

  /// Fails unless the leaf certifies the key; whoever replaces two files replaces one first.
  static void requireTogether(CertificateSource.Certificate pair)
      throws IOException, GeneralSecurityException {
    byte[] message = {1};
    Signature signer = Signature.getInstance(algorithm(pair.key()));
    signer.initSign(pair.key());
    signer.update(message);
    byte[] signature = signer.sign();
    try {
      signer.initVerify(pair.chain().getFirst().getPublicKey());
      signer.update(message);
      if (signer.verify(signature)) {
        return;
      }
    } catch (InvalidKeyException | SignatureException _) {
      // They are of different algorithms or sizes.
    }
    throw new IOException("the key and the certificate do not belong together");
  }

  private static String algorithm(PrivateKey key) {
    return switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> key.getAlgorithm();
    };
  }
}
