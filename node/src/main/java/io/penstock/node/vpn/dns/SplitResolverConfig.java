package io.penstock.node.vpn.dns;

import io.penstock.protocol.Bounds;
import java.net.InetSocketAddress;
import java.time.Duration;

/// The bounds of a [SplitResolver].
///
/// **Worst-case memory**: `maxQueries` buffers of 8 KiB for answers over UDP, and two messages of
/// 64 KiB for each of `maxConnections`.
///
/// @param address where it listens, over UDP and TCP
/// @param maxQueries that wait for an answer at a time; one more is answered at once that it failed
/// @param maxConnections of clients over TCP; one more is closed at once
/// @param serverLimit how long a server has to answer before the next one is asked
/// @param idleLimit how long a client's TCP connection stays open without a query
public record SplitResolverConfig(
    InetSocketAddress address,
    int maxQueries,
    int maxConnections,
    Duration serverLimit,
    Duration idleLimit) {

  /// A busy desktop asks for some dozens at once.
  public static final int DEFAULT_MAX_QUERIES = 512;

  /// Only large answers come over TCP.
  public static final int DEFAULT_MAX_CONNECTIONS = 64;

  /// The C library waits five seconds for all of it, and there are often two servers.
  public static final Duration DEFAULT_SERVER_LIMIT = Duration.ofSeconds(2);

  /// A few seconds (RFC 7766, section 6.2.3).
  public static final Duration DEFAULT_IDLE_LIMIT = Duration.ofSeconds(10);

  public SplitResolverConfig {
    Bounds.requireAtLeast("dns maxQueries", maxQueries, 1);
    Bounds.requireAtLeast("dns maxConnections", maxConnections, 1);
    Bounds.requireAtLeast("dns serverLimit (ms)", serverLimit.toMillis(), 1);
    Bounds.requireAtLeast("dns idleLimit (ms)", idleLimit.toMillis(), 1);
  }

  /// The defaults, at an address.
  public static SplitResolverConfig at(InetSocketAddress address) {
    return new SplitResolverConfig(
        address,
        DEFAULT_MAX_QUERIES,
        DEFAULT_MAX_CONNECTIONS,
        DEFAULT_SERVER_LIMIT,
        DEFAULT_IDLE_LIMIT);
  }
}
