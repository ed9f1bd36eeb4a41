package io.penstock.node.backend;

import io.penstock.transport.tls.Trust;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;

/// Where a backend is and how it is talked to.
///
/// @param address an unresolved `InetSocketAddress`, or a `UnixDomainSocketAddress`
/// @param tls if it speaks TLS
/// @param maxHeadBytes head of a request or response
/// @param maxHeaders header lines in a head
/// @param maxIdleConnections that are kept for the next request, per event loop
/// @param maxIdle how long one is kept
/// @param connectTimeout for a connection, including TLS
public record BackendConfig(
    SocketAddress address,
    Optional<Tls> tls,
    int maxHeadBytes,
    int maxHeaders,
    int maxIdleConnections,
    Duration maxIdle,
    Duration connectTimeout) {

  /// TLS to a backend.
  ///
  /// @param serverName for SNI and the check of the name in its certificate
  public record Tls(Trust trust, String serverName) {}
}
