package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// The header of UDP (RFC 768): source port, destination port, length, checksum, 16 bits each.
public final class UdpHeader {

  /// The length of the header.
  public static final int BYTES = 8;

  private static final int CHECKSUM_AT = 6;

  private UdpHeader() {}

  /// Checks that a header lies in the `length` bytes at `at`, and that its own length fits.
  ///
  /// It may be less than `length`: what follows is the surplus that RFC 9868 gives a meaning.
  public static PacketFault check(ByteBuf buf, int at, int length) {
    if (length < BYTES) {
      return PacketFault.BAD_TRANSPORT;
    }
    int stated = length(buf, at);
    return stated < BYTES || stated > length ? PacketFault.BAD_TRANSPORT : PacketFault.NONE;
  }

  public static int sourcePort(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at);
  }

  public static int destinationPort(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 2);
  }

  /// The length of header and data.
  public static int length(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 4);
  }

  /// The checksum; 0 means none was made, which only IPv4 allows.
  public static int checksum(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + CHECKSUM_AT);
  }

  /// Appends a header; the checksum stays 0 until [#writeChecksum].
  public static void write(ByteBuf out, int sourcePort, int destinationPort, int length) {
    out.writeShort(sourcePort);
    out.writeShort(destinationPort);
    out.writeShort(length);
    out.writeShort(0);
  }

  /// Sets the checksum of a datagram of `length` bytes; `pseudoHeader` is one of
  /// [InternetChecksum]'s.
  public static void writeChecksum(ByteBuf buf, int at, int length, long pseudoHeader) {
    buf.setShort(at + CHECKSUM_AT, 0);
    int sum = InternetChecksum.finish(InternetChecksum.add(pseudoHeader, buf, at, length));
    // RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
    buf.setShort(at + CHECKSUM_AT, sum == 0 ? 0xffff : sum);
  }
}
