package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.api.config.Inline;
import io.penstock.api.config.Requirements;
import io.penstock.gateway.ingress.IngressConfig;
import java.nio.file.Path;
import java.util.Optional;

/// The table `ingress`: where visitors come in.
///
/// @param http where plain HTTP is served, if it is
/// @param https where HTTPS is served, if it is
/// @param publicHttpPort the port that visitors use for HTTP, where a device in front maps ports;
///   the bound one otherwise
/// @param publicHttpsPort the same for HTTPS
/// @param certificate a PEM file with the chain for HTTPS, the leaf first; certificates of the
///   gateway's own authority otherwise
/// @param key a PEM file with its private key
/// @param limits of connections and requests
public record IngressSettings(
    Optional<HostPort> http,
    Optional<HostPort> https,
    Optional<Integer> publicHttpPort,
    Optional<Integer> publicHttpsPort,
    Optional<Path> certificate,
    Optional<Path> key,
    @Inline IngressConfig limits) {

  /// Loopback, so that a first start publishes nothing; a production gateway uses port 80.
  public static final HostPort DEFAULT_HTTP = new HostPort("127.0.0.1", 8000);

  /// Loopback, so that a first start publishes nothing; a production gateway uses port 443.
  public static final HostPort DEFAULT_HTTPS = new HostPort("127.0.0.1", 8443);

  /// What holds when nothing is set.
  public static final IngressSettings DEFAULT =
      new IngressSettings(
          Optional.of(DEFAULT_HTTP),
          Optional.of(DEFAULT_HTTPS),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          IngressConfig.DEFAULT);

  public IngressSettings {
    Requirements requirements = Requirements.of("ingress");
    requirements.that(
        http.isPresent() || https.isPresent(),
        "http",
        "off",
        "an address, because https is off too and no visitor could come");
    publicHttpPort.ifPresent(
        port -> requirements.between("public_http_port", port, 1, HostPort.MAX_PORT));
    publicHttpsPort.ifPresent(
        port -> requirements.between("public_https_port", port, 1, HostPort.MAX_PORT));
    Pair.require(requirements, certificate, key);
    requirements.check();
  }

  /// The same with other addresses.
  public IngressSettings listeningOn(HostPort http, HostPort https) {
    return new IngressSettings(
        Optional.of(http),
        Optional.of(https),
        publicHttpPort,
        publicHttpsPort,
        certificate,
        key,
        limits);
  }

  /// The same with other limits.
  public IngressSettings withLimits(IngressConfig other) {
    return new IngressSettings(
        http, https, publicHttpPort, publicHttpsPort, certificate, key, other);
  }
}
