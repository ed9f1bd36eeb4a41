package io.penstock.protocol.netstack.udp;

import io.penstock.protocol.Bounds;
import io.penstock.protocol.netstack.wire.IpEndpoint;

/// The limits of UDP.
///
/// @param maxSockets how many sockets there may be
/// @param receiveBufferBytes the most memory that the datagrams may hold that wait in one socket
/// @param maxReceiveBytes the same for all sockets together
/// @param firstEphemeralPort where the ports begin that are drawn for who names none
/// @param hopLimit what datagrams leave with
public record UdpConfig(
    int maxSockets,
    int receiveBufferBytes,
    int maxReceiveBytes,
    int firstEphemeralPort,
    int hopLimit) {

  /// A resolver or a QUIC client with a socket for each of many conversations.
  public static final int DEFAULT_MAX_SOCKETS = 16_384;

  /// About what Linux has: a burst of 100 full packets.
  public static final int DEFAULT_RECEIVE_BUFFER_BYTES = 256 * 1024;

  /// Some tens of sockets whose readers sleep.
  public static final int DEFAULT_MAX_RECEIVE_BYTES = 8 * 1024 * 1024;

  /// As Linux; RFC 6056 section 3.2 wants the range wide, so that a port is hard to guess.
  public static final int DEFAULT_FIRST_EPHEMERAL_PORT = 32_768;

  /// What the Internet is used to.
  public static final int DEFAULT_HOP_LIMIT = 64;

  public static final UdpConfig DEFAULTS =
      new UdpConfig(
          DEFAULT_MAX_SOCKETS,
          DEFAULT_RECEIVE_BUFFER_BYTES,
          DEFAULT_MAX_RECEIVE_BYTES,
          DEFAULT_FIRST_EPHEMERAL_PORT,
          DEFAULT_HOP_LIMIT);

  private static final int MAX_SOCKETS = 1 << 20;
  private static final int MAX_BYTES = Integer.MAX_VALUE / 2;

  public UdpConfig {
    Bounds.requireBetween("udp.max_sockets", maxSockets, 1, MAX_SOCKETS);
    Bounds.requireBetween("udp.receive_buffer_bytes", receiveBufferBytes, 1024, MAX_BYTES);
    Bounds.requireBetween("udp.max_receive_bytes", maxReceiveBytes, receiveBufferBytes, MAX_BYTES);
    Bounds.requireBetween(
        "udp.first_ephemeral_port", firstEphemeralPort, 1024, IpEndpoint.MAX_PORT);
    Bounds.requireBetween("udp.hop_limit", hopLimit, 1, 255);
  }
}
