package io.penstock.api;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/// One node of the overlay as the admin API lists it.
///
/// @param id that the node made up for itself
/// @param name under which the others find it
/// @param user whose node it is
/// @param publicKey with which it signs
/// @param addresses that are leased to it
/// @param online whether it has a tunnel
/// @param created when it came first
/// @param seen when it last asked for a session
public record NodeInfo(
    UUID id,
    String name,
    String user,
    NodeKey publicKey,
    List<IpAddress> addresses,
    boolean online,
    Instant created,
    Instant seen) {
  public NodeInfo {
    addresses = List.copyOf(addresses);
  }
}
