package io.penstock.protocol.netstack.ip;

import io.penstock.protocol.Bounds;

/// The limits of putting fragments together.
///
/// @param maxPackets how many packets may be incomplete at once, those included that were dropped
///   and are remembered
/// @param maxBytes the most memory that all fragments may hold
/// @param maxPacketBytes the most memory that the fragments of one packet may hold
/// @param maxFragments into how many fragments a packet may have been cut
/// @param ipv4TimeoutMillis how long the rest of an IPv4 packet is waited for
/// @param ipv6TimeoutMillis the same for IPv6, which allows a minute at most (RFC 8200 section 4.5)
public record ReassemblyConfig(
    int maxPackets,
    int maxBytes,
    int maxPacketBytes,
    int maxFragments,
    int ipv4TimeoutMillis,
    int ipv6TimeoutMillis) {

  /// Far more than honest senders have in flight to one host.
  public static final int DEFAULT_MAX_PACKETS = 128;

  /// Ten packets of the greatest length at the most memory that each can hold.
  public static final int DEFAULT_MAX_BYTES = 2 * 1024 * 1024;

  /// Twice the longest packet and something for each fragment: a fragment that holds more than that
  /// is copied.
  public static final int DEFAULT_MAX_PACKET_BYTES = 192 * 1024;

  /// The longest packet over links of 576 bytes makes 119.
  public static final int DEFAULT_MAX_FRAGMENTS = 128;

  /// What Linux waits; fragments that are late by half a minute were lost.
  public static final int DEFAULT_IPV4_TIMEOUT_MILLIS = 30_000;

  /// "Within 60 seconds of the reception of the first-arriving fragment".
  public static final int DEFAULT_IPV6_TIMEOUT_MILLIS = 60_000;

  private static final int MIN_BYTES = 4096;
  private static final int MAX_BYTES = Integer.MAX_VALUE / 2;
  private static final int MAX_FRAGMENTS = 8192;
  private static final int MAX_TIMEOUT_MILLIS = 60_000;

  /// The limits that suit a host with one link.
  public static final ReassemblyConfig DEFAULTS =
      new ReassemblyConfig(
          DEFAULT_MAX_PACKETS,
          DEFAULT_MAX_BYTES,
          DEFAULT_MAX_PACKET_BYTES,
          DEFAULT_MAX_FRAGMENTS,
          DEFAULT_IPV4_TIMEOUT_MILLIS,
          DEFAULT_IPV6_TIMEOUT_MILLIS);

  public ReassemblyConfig {
    Bounds.requireBetween("reassembly.max_packets", maxPackets, 1, 65_536);
    Bounds.requireBetween("reassembly.max_bytes", maxBytes, MIN_BYTES, MAX_BYTES);
    Bounds.requireBetween("reassembly.max_packet_bytes", maxPacketBytes, MIN_BYTES, maxBytes);
    Bounds.requireBetween("reassembly.max_fragments", maxFragments, 2, MAX_FRAGMENTS);
    Bounds.requireBetween(
        "reassembly.ipv4_timeout_millis", ipv4TimeoutMillis, 1, 2 * MAX_TIMEOUT_MILLIS);
    Bounds.requireBetween(
        "reassembly.ipv6_timeout_millis", ipv6TimeoutMillis, 1, MAX_TIMEOUT_MILLIS);
  }

  /// The same limits with others on what is held.
  public ReassemblyConfig withLimits(int packets, int bytes, int packetBytes, int fragments) {
    return new ReassemblyConfig(
        packets, bytes, packetBytes, fragments, ipv4TimeoutMillis, ipv6TimeoutMillis);
  }
}
