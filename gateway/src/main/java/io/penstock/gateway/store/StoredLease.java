package io.penstock.gateway.store;

import io.penstock.api.IpAddress;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/// The right of a node to an address.
///
/// @param address that no other node has meanwhile
/// @param node that has it; at most one of each family
/// @param generation grows with every grant in the network, so that whoever holds an older lease of
///   the same address and node can be told from the present one
/// @param heldUntil empty while it is assigned, which is while the node has a tunnel; on hold
///   otherwise, up to and including this time
/// @param gateway that granted it, and has the node's tunnel while it is assigned; empty where that
///   was before gateways had ids
public record StoredLease(
    IpAddress address,
    UUID node,
    long generation,
    Optional<Instant> heldUntil,
    Optional<UUID> gateway) {

  /// The same, on hold until a time.
  public StoredLease held(Instant until) {
    return new StoredLease(address, node, generation, Optional.of(until), gateway);
  }

  /// Whether the hold is over, so that the address may go to somebody else.
  public boolean isExpiredAt(Instant now) {
    return heldUntil.map(now::isAfter).orElse(false);
  }
}
