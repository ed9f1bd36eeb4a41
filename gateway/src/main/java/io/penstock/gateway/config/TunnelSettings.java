package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.api.config.Inline;
import io.penstock.api.config.Requirements;
import io.penstock.gateway.backend.BackendConfig;
import java.nio.file.Path;
import java.util.Optional;

/// The table `tunnel`: where agents come in and what they may cost.
///
/// @param tls where agents connect over TLS; `HOST:PORT` of a gateway is always this port
/// @param kcp where agents connect over KCP, if they may
/// @param certificate a PEM file with the chain for agents, the leaf first; a certificate of the
///   gateway's own authority otherwise
/// @param key a PEM file with its private key
/// @param limits under which agents are admitted and kept
public record TunnelSettings(
    HostPort tls,
    Optional<HostPort> kcp,
    Optional<Path> certificate,
    Optional<Path> key,
    @Inline BackendConfig limits) {

  /// Agents come from elsewhere.
  public static final HostPort DEFAULT_TLS = new HostPort("", 7443);

  /// The usual port where KCP is enabled.
  public static final int USUAL_KCP_PORT = 7444;

  /// What holds when nothing is set.
  public static final TunnelSettings DEFAULT =
      new TunnelSettings(
          DEFAULT_TLS, Optional.empty(), Optional.empty(), Optional.empty(), BackendConfig.DEFAULT);

  public TunnelSettings {
    Requirements requirements = Requirements.of("tunnel");
    Pair.require(requirements, certificate, key);
    requirements.check();
  }

  /// The same with another address for TLS.
  public TunnelSettings listeningOn(HostPort address) {
    return new TunnelSettings(address, kcp, certificate, key, limits);
  }

  /// The same with KCP enabled.
  public TunnelSettings withKcp(HostPort address) {
    return new TunnelSettings(tls, Optional.of(address), certificate, key, limits);
  }
}
