package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import java.util.List;

/// Which names are looked up over the overlay.
///
/// @param servers of the overlay, asked on port 53
/// @param zones whose names they are asked for, and for no others; in lower case, without a dot at
///   the end
/// @param searchDomains that are tried behind a short name, after those that the machine has
///   already
public record OsDns(List<IpAddress> servers, List<String> zones, List<String> searchDomains) {

  public OsDns {
    servers = List.copyOf(servers);
    zones = List.copyOf(zones);
    searchDomains = List.copyOf(searchDomains);
  }
}
