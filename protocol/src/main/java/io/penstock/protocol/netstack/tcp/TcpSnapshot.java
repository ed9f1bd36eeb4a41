package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.IpEndpoint;

/// What a connection looks like at one moment.
///
/// @param rttNanos the smoothed round-trip time, 0 before the first sample
/// @param rtoNanos the retransmission timeout with its back-off
/// @param cwndBytes the congestion window; as large as a number gets without congestion control
/// @param flightBytes sent and not acknowledged
/// @param sendBufferBytes written and not acknowledged
/// @param sendWindowBytes what the peer takes
/// @param receiveWindowBytes what we take
/// @param readableBytes received and not read
/// @param mssBytes the payload of a full segment
/// @param retransmissions segments sent again, in all
public record TcpSnapshot(
    IpEndpoint local,
    IpEndpoint remote,
    TcpState state,
    long rttNanos,
    long minRttNanos,
    long rtoNanos,
    int cwndBytes,
    int ssthreshBytes,
    int flightBytes,
    int sendBufferBytes,
    int sendWindowBytes,
    int receiveWindowBytes,
    int readableBytes,
    int mssBytes,
    long retransmissions) {

  static TcpSnapshot of(TcpConnection connection) {
    Sender sender = connection.sender();
    Receiver receiver = connection.receiver();
    return new TcpSnapshot(
        connection.local(),
        connection.remote(),
        connection.state(),
        sender.rtt().smoothedNanos(),
        sender.rtt().minNanos(),
        sender.rtt().rtoNanos(),
        sender.congestion().cwnd(),
        sender.congestion().ssthresh(),
        sender.flight().outstandingBytes(),
        sender.queue().lengthBytes(),
        sender.window().bytes(),
        receiver.windowBytes(),
        receiver.readableBytes(),
        sender.size().mss(),
        connection.departure().retransmissions());
  }
}
