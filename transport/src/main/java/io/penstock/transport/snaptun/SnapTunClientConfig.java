package io.penstock.transport.snaptun;

import io.penstock.protocol.snaptun.ClientTunnelConfig;
import io.penstock.transport.quic.QuicConfig;

/// The settings of a client of tunnels.
///
/// @param tunnel time limits, renewal and keep-alive
/// @param packets bounds of the tunnel's packets
public record SnapTunClientConfig(ClientTunnelConfig tunnel, PacketConfig packets) {

  /// The defaults, with keep-alives that suit our own idle timeout; a server's smaller one counts
  /// as soon as the connection is there.
  public static SnapTunClientConfig of(QuicConfig quic) {
    return new SnapTunClientConfig(
        ClientTunnelConfig.builder().idleTimeout(quic.idleTimeout()).build(),
        PacketConfig.of(quic.datagrams()));
  }

  /// The same with other limits.
  public SnapTunClientConfig withTunnel(ClientTunnelConfig other) {
    return new SnapTunClientConfig(other, packets);
  }

  /// The same with other bounds.
  public SnapTunClientConfig withPackets(PacketConfig other) {
    return new SnapTunClientConfig(tunnel, other);
  }
}
