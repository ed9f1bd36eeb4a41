package io.penstock.transport.snaptun;

import io.penstock.protocol.Bounds;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.quic.DatagramConfig;
import java.time.Duration;

/// The settings of a server of tunnels.
///
/// @param tunnel time limits and addresses per client
/// @param maxPerFamily how many of the addresses that one request asks for are given in each family
/// @param packets bounds of each tunnel's packets
/// @param leastIpv6Bytes the largest packet that a path must carry for an IPv6 address to be given
///   over it; 0 gives it over any
/// @param pathWaitNanos how long an IPv6 assignment waits for path-MTU discovery to find that much
public record SnapTunServerConfig(
    ServerTunnelConfig tunnel,
    int maxPerFamily,
    PacketConfig packets,
    int leastIpv6Bytes,
    long pathWaitNanos) {

  /// What every IPv6 link must carry (RFC 8200, section 5).
  public static final int DEFAULT_LEAST_IPV6_BYTES = 1280;

  /// A probe and its repetition over a slow path, well within the accept timeout.
  public static final Duration DEFAULT_PATH_WAIT = Duration.ofSeconds(1);

  public SnapTunServerConfig {
    Bounds.requireBetween("snaptun maxPerFamily", maxPerFamily, 1, SnapTun.MAX_ADDRESSES);
    Bounds.requireBetween("snaptun leastIpv6Bytes", leastIpv6Bytes, 0, 9000);
    Bounds.requireAtLeast("snaptun pathWaitNanos", pathWaitNanos, 0);
  }

  /// The defaults, with the queue that the endpoint was made with.
  public static SnapTunServerConfig of(DatagramConfig datagrams) {
    return new SnapTunServerConfig(
        ServerTunnelConfig.builder().build(),
        SnapTun.MAX_ADDRESSES,
        PacketConfig.of(datagrams),
        DEFAULT_LEAST_IPV6_BYTES,
        DEFAULT_PATH_WAIT.toNanos());
  }

  /// The same with other limits.
  public SnapTunServerConfig withTunnel(ServerTunnelConfig other) {
    return new SnapTunServerConfig(other, maxPerFamily, packets, leastIpv6Bytes, pathWaitNanos);
  }

  /// The same with so many addresses in each family.
  public SnapTunServerConfig withMaxPerFamily(int addresses) {
    return new SnapTunServerConfig(tunnel, addresses, packets, leastIpv6Bytes, pathWaitNanos);
  }

  /// The same with other bounds.
  public SnapTunServerConfig withPackets(PacketConfig other) {
    return new SnapTunServerConfig(tunnel, maxPerFamily, other, leastIpv6Bytes, pathWaitNanos);
  }

  /// The same with another least path for IPv6.
  public SnapTunServerConfig withLeastIpv6Bytes(int bytes) {
    return new SnapTunServerConfig(tunnel, maxPerFamily, packets, bytes, pathWaitNanos);
  }

  /// The same with another patience for path-MTU discovery.
  public SnapTunServerConfig withPathWait(Duration wait) {
    return new SnapTunServerConfig(tunnel, maxPerFamily, packets, leastIpv6Bytes, wait.toNanos());
  }
}
