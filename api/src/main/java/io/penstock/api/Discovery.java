package io.penstock.api;

import java.util.List;
import java.util.Optional;

/// What a gateway tells whoever can reach its tunnel port: where its other doors are.
///
/// An address without a host, such as `:7444`, is on the host that was asked.
///
/// @param version of the gateway program
/// @param kcp where agents connect over KCP, if they can
/// @param quic where nodes connect, if they can
/// @param publicEndpoints how visitors reach the ingress listeners
public record Discovery(
    String version,
    Optional<HostPort> kcp,
    Optional<HostPort> quic,
    List<PublicEndpoint> publicEndpoints) {
  public Discovery {
    publicEndpoints = List.copyOf(publicEndpoints);
  }
}
