package io.penstock.node.serve;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A chain and its key as PEM (RFC 7468): certificates, and a key in PKCS#8.
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
    return new CertificateSource.Certificate(key(key), certificates);
  }

  static PrivateKey key(InputStream in) throws IOException, GeneralSecurityException {
    String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    Matcher found = KEY.matcher(text);
    if (!found.find()) {
      throw new IOException("there is no \"BEGIN PRIVATE KEY\"");
    }
    byte[] der = Base64.getMimeDecoder().decode(found.group(1));
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException _) {
        // It is a key of another algorithm.
      }
    }
    throw new IOException("the key is none of " + ALGORITHMS);
  }
}
