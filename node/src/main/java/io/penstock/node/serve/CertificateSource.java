package io.penstock.node.serve;

import java.io.IOException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/// Where the certificates of TLS ports come from.
///
/// Asked for each name when a config is set, and again for handshakes, at most once in ten seconds;
/// so one that has been renewed is shown without a restart. Called on virtual threads, by several
/// at once.
@FunctionalInterface
public interface CertificateSource {

  /// A key and its certificate.
  ///
  /// @param chain the leaf first
  record Certificate(PrivateKey key, List<X509Certificate> chain) {
    public Certificate {
      chain = List.copyOf(chain);
      if (chain.isEmpty()) {
        throw new IllegalArgumentException("a chain has at least one certificate");
      }
    }

    /// Names the leaf without the key.
    @Override
    public String toString() {
      return "Certificate[" + chain.getFirst().getSubjectX500Principal() + "]";
    }
  }

  /// The certificate to show under a name now; may block.
  ///
  /// @param name lower case
  /// @throws IOException when there is none, saying why and what to do
  Certificate certificate(String name) throws IOException;

  /// No certificates: for nodes that serve without TLS.
  CertificateSource NONE =
      name -> {
        throw new IOException(
            "this node has no source of certificates; give it files, or let the gateway issue"
                + " them");
      };
}
