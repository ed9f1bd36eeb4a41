package io.penstock.protocol.netstack.wire;

import java.util.Locale;

/// What is wrong with a packet, or that nothing is.
///
/// A value and never an exception, because whoever sent the packet decides how often it happens.
public enum PacketFault {
  /// The packet is well-formed.
  NONE,
  /// The packet ends before its header, or before the length that its header states.
  TRUNCATED,
  /// More bytes came than the header states.
  TRAILING_BYTES,
  /// Neither version 4 nor version 6.
  BAD_VERSION,
  /// The header length of IPv4 is below 20 bytes or beyond the packet.
  BAD_HEADER_LENGTH,
  /// The header checksum of IPv4 is wrong.
  BAD_CHECKSUM,
  /// An option of IPv4 runs out of the header.
  BAD_OPTIONS,
  /// The extension headers of IPv6 are out of order, too many, or run out of the packet.
  BAD_EXTENSION_HEADERS,
  /// The sender wants to choose the way: a source route of IPv4 or a routing header of type 0.
  SOURCE_ROUTED,
  /// A fragment that cannot belong to a packet, or hides the transport header from filters.
  BAD_FRAGMENT,
  /// The TCP, UDP or ICMP header is cut or states impossible lengths.
  BAD_TRANSPORT;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }
}
