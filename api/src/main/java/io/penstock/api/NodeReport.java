package io.penstock.api;

import java.util.List;
import java.util.UUID;

/// A running node, as its local API tells of it.
///
/// @param id by which the gateway knows it
/// @param name its label
/// @param domainName its full name; empty before it has joined for the first time
/// @param gateway through which it joins
/// @param state `starting`, `running`, `degraded` or `stopped`
/// @param reason of the state, for people; empty when there is nothing to say
/// @param addresses of the node on the overlay
public record NodeReport(
    UUID id,
    String name,
    String domainName,
    String gateway,
    String state,
    String reason,
    List<IpAddress> addresses) {
  public NodeReport {
    addresses = List.copyOf(addresses);
  }
}
