package io.penstock.transport.kcp;

import io.penstock.protocol.Bounds;
import java.time.Duration;

/// What peers that the owner does not know yet may cost a [KcpServerChannel].
///
/// The source of a UDP datagram can be forged, and KCP has no handshake that would notice. So a
/// session is *unproven* until its owner calls [KcpChannel#markProven], as a rule when the TLS
/// handshake on it has finished. Unproven sessions hold at most [#unprovenBytes] in all, and the
/// objects of [#unprovenPeers] sessions.
///
/// A handshake proves an address and costs little, so a proven session goes on with
/// [#unprovenSegments] until its owner calls [KcpChannel#markAdmitted]. The owner bounds how many
/// of those there are, and for how long.
///
/// @param unprovenPeers most unproven sessions at one time; a newcomer beyond that takes the place
///   of the oldest one that never showed that it receives what we send, and is dropped where there
///   is none
/// @param unprovenBytes most bytes that all unproven sessions hold together
/// @param unprovenSegments most segments that one session holds before it is admitted, half in each
///   direction
/// @param proveWithin how long a session may stay unproven
public record KcpServerLimits(
    int unprovenPeers, long unprovenBytes, int unprovenSegments, Duration proveWithin) {

  /// Four times what a busy gateway sees in handshakes at a restart of all its agents. Each has its
  /// TLS engine.
  public static final int DEFAULT_UNPROVEN_PEERS = 4096;

  /// The full allowance of about 300 peers; a handshake holds a tenth of it.
  public static final long DEFAULT_UNPROVEN_BYTES = 16L * 1024 * 1024;

  /// More than a TLS handshake with client certificates or a greeting needs at one time.
  public static final int DEFAULT_UNPROVEN_SEGMENTS = 32;

  /// A handshake over a bad mobile link, with a retransmission of each flight.
  public static final Duration DEFAULT_PROVE_WITHIN = Duration.ofSeconds(10);

  public KcpServerLimits {
    Bounds.requireBetween("kcp.unproven_peers", unprovenPeers, 1, 1 << 20);
    Bounds.requireAtLeast("kcp.unproven_bytes", unprovenBytes, 64 * 1024);
    Bounds.requireBetween("kcp.unproven_segments", unprovenSegments, 2, 1024);
    Bounds.requireBetween("kcp.prove_within in milliseconds", proveWithin.toMillis(), 10, 600_000);
  }

  public static KcpServerLimits defaults() {
    return new KcpServerLimits(
        DEFAULT_UNPROVEN_PEERS,
        DEFAULT_UNPROVEN_BYTES,
        DEFAULT_UNPROVEN_SEGMENTS,
        DEFAULT_PROVE_WITHIN);
  }

  public KcpServerLimits withUnprovenPeers(int value) {
    return new KcpServerLimits(value, unprovenBytes, unprovenSegments, proveWithin);
  }

  public KcpServerLimits withUnprovenBytes(long value) {
    return new KcpServerLimits(unprovenPeers, value, unprovenSegments, proveWithin);
  }

  public KcpServerLimits withUnprovenSegments(int value) {
    return new KcpServerLimits(unprovenPeers, unprovenBytes, value, proveWithin);
  }

  public KcpServerLimits withProveWithin(Duration value) {
    return new KcpServerLimits(unprovenPeers, unprovenBytes, unprovenSegments, value);
  }
}
