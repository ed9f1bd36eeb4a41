package io.penstock.gateway.config;

import io.penstock.api.config.Inline;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.transport.quic.DatagramConfig;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.snaptun.SnapTunServerConfig;

/// The table `overlay.tunnel`: the QUIC connections of nodes and the tunnels in them.
///
/// @param times how long each step may take, and how an idle tunnel lives on
/// @param bounds how much there may be
public record OverlayTunnelSettings(
    @Inline OverlayTunnelTimes times, @Inline OverlayTunnelBounds bounds) {

  /// Where the keys stand.
  static final String TABLE = "overlay.tunnel";

  /// What holds when nothing is set.
  public static final OverlayTunnelSettings DEFAULT =
      new OverlayTunnelSettings(OverlayTunnelTimes.DEFAULT, OverlayTunnelBounds.DEFAULT);

  /// The same with other times.
  public OverlayTunnelSettings withTimes(OverlayTunnelTimes other) {
    return new OverlayTunnelSettings(other, bounds);
  }

  /// The settings of the listener.
  public QuicConfig quic() {
    return QuicConfig.builder()
        .idleTimeout(times.idleTimeout())
        .handshakeTimeout(times.handshakeLimit())
        .tokenLifetime(times.addressProofLimit())
        .maxUdpPayloadBytes(bounds.maxUdpPayloadBytes())
        .maxStreams(bounds.maxStreams())
        .streamWindowBytes(bounds.streamWindowBytes())
        .maxConnections(bounds.maxConnections())
        .socketBytes(bounds.socketReceiveBytes(), bounds.socketSendBytes())
        .datagrams(
            new DatagramConfig(
                bounds.quicQueueDatagrams(), bounds.pendingDatagrams(), bounds.maxQueuedBytes()))
        .build();
  }

  /// The settings of the tunnels on that listener; the address pool leases a node one address of
  /// each family.
  public SnapTunServerConfig server() {
    return SnapTunServerConfig.of(quic().datagrams())
        .withTunnel(
            ServerTunnelConfig.builder()
                .acceptTimeout(times.establishLimit())
                .requestTimeout(times.requestLimit())
                .sendTimeout(times.answerLimit())
                .build())
        .withMaxPerFamily(1)
        .withPathWait(times.pathWait());
  }
}
