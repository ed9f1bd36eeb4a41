package io.penstock.node.vpn.dns;

import io.penstock.protocol.Bounds;
import java.net.InetSocketAddress;
import java.time.Duration;

/// The bounds of a [SplitResolver].
///
/// **Worst-case memory**: twice `maxQueries` queries of 2 KiB and buffers of 8 KiB for their
/// answers, over UDP; for each of `maxConnections` over TCP 256 KiB for what its client sends, 64
/// KiB for answers that it does not read, and for each of `maxPipelined` queries three messages of
/// 64 KiB: the query, and twice what its server sends. With the defaults that is 78 MiB, of clients
/// and servers that all do their worst.
///
/// @param address where it listens, over UDP and TCP
/// @param maxQueries for names of the overlay that wait for an answer at a time, and as many for
///   all others; one more is answered at once that it failed
/// @param maxConnections of clients over TCP; one more is closed at once
/// @param maxPipelined queries of one connection that wait for an answer at a time; more are not
///   read
/// @param serverLimit how long a server has to answer before the next one is asked
/// @param idleLimit how long a client's TCP connection stays open when none of its queries waits
public record SplitResolverConfig(
    InetSocketAddress address,
    int maxQueries,
    int maxConnections,
    int maxPipelined,
    Duration serverLimit,
    Duration idleLimit) {

  /// A busy desktop asks for some dozens at once.
  public static final int DEFAULT_MAX_QUERIES = 512;

  /// Only large answers come over TCP.
  public static final int DEFAULT_MAX_CONNECTIONS = 64;

  /// The C library asks for the addresses of both families at once.
  public static final int DEFAULT_MAX_PIPELINED = 4;

  /// The C library waits five seconds for all of it, and there are often two servers.
  public static final Duration DEFAULT_SERVER_LIMIT = Duration.ofSeconds(2);

  /// A few seconds (RFC 7766, section 6.2.3).
  public static final Duration DEFAULT_IDLE_LIMIT = Duration.ofSeconds(10);

  public SplitResolverConfig {
    Bounds.requireAtLeast("dns maxQueries", maxQueries, 1);
    Bounds.requireAtLeast("dns maxConnections", maxConnections, 1);
    Bounds.requireAtLeast("dns maxPipelined", maxPipelined, 1);
    Bounds.requireAtLeast("dns serverLimit (ms)", serverLimit.toMillis(), 1);
    Bounds.requireAtLeast("dns idleLimit (ms)", idleLimit.toMillis(), 1);
  }

  /// The defaults, at an address.
  public static SplitResolverConfig at(InetSocketAddress address) {
    return new SplitResolverConfig(
        address,
        DEFAULT_MAX_QUERIES,
        DEFAULT_MAX_CONNECTIONS,
        DEFAULT_MAX_PIPELINED,
        DEFAULT_SERVER_LIMIT,
        DEFAULT_IDLE_LIMIT);
  }
}
