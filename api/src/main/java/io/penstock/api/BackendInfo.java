package io.penstock.api;

import java.time.Instant;
import java.util.List;

/// One connection of an agent as the admin API lists it.
///
/// @param id names the connection, as long as it lives
/// @param protocol how it came: `tcp` or `kcp`
/// @param user whose token it used
/// @param domains the routes that it serves
/// @param host the address it came from
/// @param phi how likely its silence means that it is dead, 0 to [#MAX_PHI]
/// @param inFlight requests that it is answering now
/// @param usable whether visitors are sent to it
/// @param since when it registered
public record BackendInfo(
    String id,
    String protocol,
    String user,
    List<String> domains,
    String host,
    double phi,
    int inFlight,
    boolean usable,
    Instant since) {

  /// Phi has no upper end, but JSON has no infinity (RFC 8259, section 6).
  public static final double MAX_PHI = 999;

  public BackendInfo {
    domains = List.copyOf(domains);
    if (Double.isNaN(phi) || phi < 0) {
      throw new IllegalArgumentException("phi is " + phi + ", allowed is 0 or more");
    }
    phi = Math.min(phi, MAX_PHI);
  }
}
