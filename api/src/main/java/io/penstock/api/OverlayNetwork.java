package io.penstock.api;

import java.util.List;

/// The parameters of an overlay network, the same for all of its nodes.
///
/// @param ranges from which nodes get their addresses, at most one of each family
/// @param innerMtu the largest packet that passes wherever the tunnel is whole; the path of a
///   tunnel may allow more, or for a while less
/// @param zone the DNS zone of the nodes' names, without a dot at its end
/// @param resolvers where the zone is asked for, on port 53; one address of each family
/// @param isdAs the ISD-AS of every address
/// @param holdSeconds how long an address is kept for a node that has gone
public record OverlayNetwork(
    List<IpPrefix> ranges,
    int innerMtu,
    String zone,
    List<IpAddress> resolvers,
    IsdAs isdAs,
    long holdSeconds) {
  public OverlayNetwork {
    ranges = List.copyOf(ranges);
    resolvers = List.copyOf(resolvers);
  }
}
