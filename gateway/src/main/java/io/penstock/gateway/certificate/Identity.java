package io.penstock.gateway.certificate;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/// A private key with the certificate chain that vouches for it, the leaf first.
public record Identity(PrivateKey key, List<X509Certificate> chain) {
  public Identity {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("an identity needs a certificate");
    }
  }

  /// Reads an identity from PEM files.
  ///
  /// @param certificate the chain, the leaf first
  /// @param key its private key, unencrypted
  /// @throws IOException when a file cannot be read or holds something else, with its name
  public static Identity read(Path certificate, Path key) throws IOException {
    return Pem.read(certificate, key);
  }

  /// Names the holder and never the key.
  @Override
  public String toString() {
    return "Identity[" + chain.getFirst().getSubjectX500Principal() + "]";
  }
}
