package io.penstock.gateway.config;

import io.penstock.api.config.Requirements;
import io.penstock.transport.quic.DatagramConfig;
import io.penstock.transport.quic.QuicConfig;

/// How much there may be of the connections of nodes, and of what is in them.
///
/// **Worst-case memory.** Each event loop has one UDP socket, with both its buffers in the system.
/// Each connection may hold `maxQueuedBytes` of datagrams on their way out, `quicQueueDatagrams`
/// that have come and were not taken yet, and four times `streamWindowBytes` of requests.
///
/// @param maxConnections at one time, unestablished ones included
/// @param maxStreams control requests that a node may have open at one time
/// @param streamWindowBytes how much a request may bring before it is read
/// @param maxUdpPayloadBytes the largest UDP payload that the search for the path's MTU tries
/// @param quicQueueDatagrams how many datagrams QUIC's own queues hold, one per direction
/// @param pendingDatagrams datagrams of a connection that wait for the next turn of the event loop
/// @param maxQueuedBytes what waits of a connection's datagrams before and in QUIC; a slow path is
///   given less, half of its congestion window
/// @param socketReceiveBytes the receive buffer of each UDP socket; the system may grant less
/// @param socketSendBytes the send buffer of each UDP socket; the system may grant less
public record OverlayTunnelBounds(
    int maxConnections,
    int maxStreams,
    int streamWindowBytes,
    int maxUdpPayloadBytes,
    int quicQueueDatagrams,
    int pendingDatagrams,
    long maxQueuedBytes,
    int socketReceiveBytes,
    int socketSendBytes) {

  private static final int KIB = 1024;
  private static final int MIB = 1024 * KIB;
  private static final int GIB = 1024 * MIB;

  /// IPv6 asks for packets of 1280 bytes (RFC 8200, section 5), and QUIC needs 44 around one.
  private static final int LEAST_UDP_PAYLOAD = 1280 + 44;

  /// What holds when nothing is set.
  public static final OverlayTunnelBounds DEFAULT =
      new OverlayTunnelBounds(
          QuicConfig.DEFAULT_MAX_CONNECTIONS,
          QuicConfig.DEFAULT_MAX_STREAMS,
          QuicConfig.DEFAULT_STREAM_WINDOW_BYTES,
          QuicConfig.DEFAULT_MAX_UDP_PAYLOAD_BYTES,
          DatagramConfig.DEFAULT_QUIC_QUEUE_DATAGRAMS,
          DatagramConfig.DEFAULT_PENDING_DATAGRAMS,
          DatagramConfig.DEFAULT_MAX_QUEUED_BYTES,
          QuicConfig.DEFAULT_SOCKET_BYTES,
          QuicConfig.DEFAULT_SOCKET_BYTES);

  public OverlayTunnelBounds {
    Requirements.of(OverlayTunnelSettings.TABLE)
        .between("max_connections", maxConnections, 1, 1_000_000)
        .between("max_streams", maxStreams, 1, 10_000)
        .bytesBetween("stream_window_bytes", streamWindowBytes, 4 * KIB, 16 * MIB)
        .bytesBetween("max_udp_payload_bytes", maxUdpPayloadBytes, LEAST_UDP_PAYLOAD, 9000)
        .between("quic_queue_datagrams", quicQueueDatagrams, 64, 65_536)
        .between("pending_datagrams", pendingDatagrams, 1, 65_536)
        .bytesBetween("max_queued_bytes", maxQueuedBytes, 64 * KIB, GIB)
        .bytesBetween("socket_receive_bytes", socketReceiveBytes, 64 * KIB, GIB)
        .bytesBetween("socket_send_bytes", socketSendBytes, 64 * KIB, GIB)
        .check();
  }
}
