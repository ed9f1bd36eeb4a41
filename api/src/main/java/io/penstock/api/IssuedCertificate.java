package io.penstock.api;

import java.time.Instant;

/// A certificate that a gateway has issued to a node.
///
/// @param chain in PEM, the node's own certificate first, the authority's last
/// @param expires when the node's own certificate ends
public record IssuedCertificate(String chain, Instant expires) {}
