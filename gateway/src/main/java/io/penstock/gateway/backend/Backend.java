package io.penstock.gateway.backend;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What is known of one admitted agent connection at one moment.
///
/// @param id unique over all gateways and times
/// @param protocol `penstock-tun/1` or `tun2`, the original
/// @param transport `tcp` or `kcp`
/// @param user the owner of the token that it showed
/// @param domains the routes that it serves, as `route add` prints them
/// @param host the remote address, without the port
/// @param phi the suspicion that it is gone, 0 or more
/// @param inFlight requests that it serves now
/// @param usable whether new requests go to it
/// @param latencyMillis round-trip time of the latest ping; empty before the first answer
/// @param connectedAt when it was admitted
public record Backend(
    String id,
    String protocol,
    String transport,
    String user,
    List<String> domains,
    String host,
    double phi,
    int inFlight,
    boolean usable,
    Optional<Double> latencyMillis,
    Instant connectedAt) {
  public Backend {
    domains = List.copyOf(domains);
  }
}
