package io.penstock.api;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/// One node of an overlay network as the others see it.
///
/// @param id of the node
/// @param name its label in the zone of the network
/// @param user whose node it is
/// @param addresses that are leased to it, also while it is away for a short time
/// @param online whether it has a tunnel
/// @param generations of the leases of its addresses; a number grows with every grant in the
///   network, so that an address that went to another node and came back is told apart
/// @param lastHandshake when its tunnel came about or its session was renewed last, by the
///   gateway's clock in whole seconds, up to two minutes behind; also while it is away. Empty when
///   the gateway has not seen that since it started
public record PeerInfo(
    UUID id,
    String name,
    String user,
    List<IpAddress> addresses,
    boolean online,
    Map<IpAddress, Long> generations,
    Optional<Instant> lastHandshake) {
  public PeerInfo {
    addresses = List.copyOf(addresses);
    generations = Collections.unmodifiableMap(new TreeMap<>(generations));
  }
}
