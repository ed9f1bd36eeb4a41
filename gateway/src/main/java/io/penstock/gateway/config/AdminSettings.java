package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.api.config.Inline;
import io.penstock.api.config.Requirements;
import io.penstock.api.web.WebLimits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The table `admin`: the listener of the admin API, the metrics and the health checks.
///
/// @param listen its address; without a certificate only one of the loopback
/// @param certificate a PEM file with the chain, the leaf first
/// @param key a PEM file with its private key
/// @param hosts names by which the listener may be addressed besides `localhost`, loopback, its own
///   address and `gateway.hostname`
/// @param maxConnections at a time; more are closed at once
/// @param limits of each connection
public record AdminSettings(
    HostPort listen,
    Optional<Path> certificate,
    Optional<Path> key,
    List<String> hosts,
    int maxConnections,
    @Inline WebLimits limits) {

  /// Nobody else's business.
  public static final HostPort DEFAULT_LISTEN = new HostPort("127.0.0.1", 7070);

  /// Longer than the usual scrape interval of 15 s, so that a collector keeps its connection.
  public static final Duration DEFAULT_REQUEST_LIMIT = Duration.ofMinutes(1);

  /// Far more than people, scripts and collectors open.
  public static final int DEFAULT_MAX_CONNECTIONS = 256;

  /// What holds when nothing is set.
  public static final AdminSettings DEFAULT =
      new AdminSettings(
          DEFAULT_LISTEN,
          Optional.empty(),
          Optional.empty(),
          List.of(),
          DEFAULT_MAX_CONNECTIONS,
          new WebLimits(
              WebLimits.DEFAULT_HEAD_BYTES, WebLimits.DEFAULT_BODY_BYTES, DEFAULT_REQUEST_LIMIT));

  public AdminSettings {
    hosts = List.copyOf(hosts);
    Requirements requirements = Requirements.of("admin");
    Pair.require(requirements, certificate, key);
    requirements.between("max_connections", maxConnections, 1, 100_000).check();
  }

  /// The same on another address.
  public AdminSettings listeningOn(HostPort other) {
    return new AdminSettings(other, certificate, key, hosts, maxConnections, limits);
  }
}
