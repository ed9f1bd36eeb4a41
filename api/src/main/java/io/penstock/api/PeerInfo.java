package io.penstock.api;

import java.util.List;
import java.util.UUID;

/// One node of an overlay network as the others see it.
///
/// @param id of the node
/// @param name its label in the zone of the network
/// @param user whose node it is
/// @param addresses that are leased to it, also while it is away for a short time
/// @param online whether it has a tunnel
public record PeerInfo(
    UUID id, String name, String user, List<IpAddress> addresses, boolean online) {
  public PeerInfo {
    addresses = List.copyOf(addresses);
  }
}
