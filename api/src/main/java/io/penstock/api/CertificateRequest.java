package io.penstock.api;

import java.util.UUID;

/// What a node sends for a certificate of its own name, signed by its key as a request for a
/// session is; see [SessionProof].
///
/// @param node the id of the node
/// @param name of the node, without the zone
/// @param publicKey the key that has signed the request; not the one that is certified
/// @param csr a PKCS#10 request (RFC 2986) in PEM, signed by the key to be certified, which asks
///   for the node's full name and nothing else
public record CertificateRequest(UUID node, String name, NodeKey publicKey, String csr) {

  /// Longer than a request for any key that is taken.
  public static final int MAX_CSR_CHARS = 8 * 1024;

  public CertificateRequest {
    NodeName.require(name);
    if (csr.length() > MAX_CSR_CHARS) {
      throw new IllegalArgumentException(
          "csr has %d characters, allowed are %d".formatted(csr.length(), MAX_CSR_CHARS));
    }
  }
}
