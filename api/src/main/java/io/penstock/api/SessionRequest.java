package io.penstock.api;

import java.util.UUID;

/// What a node sends for a session, signed by its key; see [SessionProof].
///
/// @param node the id that the node has made up for itself, once
/// @param name under which the others find it
/// @param publicKey the key that has signed the request
public record SessionRequest(UUID node, String name, NodeKey publicKey) {
  public SessionRequest {
    NodeName.require(name);
  }
}
