package io.penstock.protocol.netstack.offload;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;

/// The fields of IP and of its pseudo headers that follow from the length of a packet.
final class Lengths {

  private Lengths() {}

  /// Sets length and identification of an IPv4 header, and its checksum after them.
  static void set4(ByteBuf buf, int at, int length, int identification) {
    buf.setShort(at + 2, length);
    buf.setShort(at + 4, identification);
    buf.setShort(at + 10, 0);
    buf.setShort(at + 10, InternetChecksum.of(buf, at, Ipv4Header.headerBytes(buf, at)));
  }

  /// Sets the length of an IPv6 header.
  static void set6(ByteBuf buf, int at, int length) {
    buf.setShort(at + 4, length - Ipv6Header.BYTES);
  }

  /// The pseudo header of the addresses in the IP header at `at`, and of this many bytes of
  /// transport.
  static long pseudoHeader(ByteBuf buf, int at, int protocol, int transportBytes) {
    return Ipv4Header.version(buf, at) == 4
        ? InternetChecksum.pseudoHeader4(
            Ipv4Header.source(buf, at), Ipv4Header.destination(buf, at), protocol, transportBytes)
        : InternetChecksum.pseudoHeader6(
            Ipv6Header.sourceHigh(buf, at),
            Ipv6Header.sourceLow(buf, at),
            Ipv6Header.destinationHigh(buf, at),
            Ipv6Header.destinationLow(buf, at),
            protocol,
            transportBytes);
  }
}
