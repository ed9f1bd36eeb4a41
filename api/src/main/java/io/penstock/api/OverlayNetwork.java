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
/// @param keepAliveMillis after how long without packets a node keeps its tunnel alive, at the
///   latest
public record OverlayNetwork(
    List<IpPrefix> ranges,
    int innerMtu,
    String zone,
    List<IpAddress> resolvers,
    IsdAs isdAs,
    long holdSeconds,
    long keepAliveMillis) {

  /// No network needs more, and each keep-alive is a request to the gateway.
  public static final long LEAST_KEEP_ALIVE_MILLIS = 100;

  public OverlayNetwork {
    if (keepAliveMillis < LEAST_KEEP_ALIVE_MILLIS) {
      throw new IllegalArgumentException(
          "keepAliveMillis is %d, allowed is %d or more"
              .formatted(keepAliveMillis, LEAST_KEEP_ALIVE_MILLIS));
    }
    ranges = List.copyOf(ranges);
    resolvers = List.copyOf(resolvers);
  }
}
