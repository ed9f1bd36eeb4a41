package io.penstock.gateway.certificate;

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

  /// Names the holder and never the key.
  @Override
  public String toString() {
    return "Identity[" + chain.getFirst().getSubjectX500Principal() + "]";
  }
}
