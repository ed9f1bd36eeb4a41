package io.penstock.protocol.netstack.udp;

import java.util.Locale;

/// What has become of a packet that carries UDP.
public enum UdpReceive {
  /// It waits in a socket for its reader.
  DELIVERED,
  /// No socket wants it; the packet still belongs to the caller.
  NO_OWNER,
  /// Its checksum is wrong.
  BAD_CHECKSUM,
  /// It came over IPv6 without a checksum.
  NO_CHECKSUM,
  /// The socket that wants it holds as much as it may.
  SOCKET_FULL,
  /// All sockets together hold as much as they may.
  ALL_FULL;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }
}
