package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// The first eight bytes of an ICMP message of IPv4 (RFC 792): type, code, checksum, and four bytes
/// whose meaning the type gives.
///
/// The layout is that of ICMPv6 too, so the accessors serve both; the numbers are IPv4's, those of
/// IPv6 are in [Icmp6Header].
public final class IcmpHeader {

  /// The length of the header.
  public static final int BYTES = 8;

  public static final int ECHO_REPLY = 0;
  public static final int UNREACHABLE = 3;
  public static final int SOURCE_QUENCH = 4;
  public static final int REDIRECT = 5;
  public static final int ECHO_REQUEST = 8;
  public static final int TIME_EXCEEDED = 11;
  public static final int PARAMETER_PROBLEM = 12;

  private static final int CHECKSUM_AT = 2;

  private IcmpHeader() {}

  /// Checks that a header lies in the `length` bytes at its place.
  public static PacketFault check(int length) {
    return length < BYTES ? PacketFault.BAD_TRANSPORT : PacketFault.NONE;
  }

  public static int type(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at);
  }

  public static int code(ByteBuf buf, int at) {
    return buf.getUnsignedByte(at + 1);
  }

  public static int checksum(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + CHECKSUM_AT);
  }

  /// The last four bytes as they are; the MTU of "packet too big".
  public static int rest(ByteBuf buf, int at) {
    return buf.getInt(at + 4);
  }

  /// What tells the echo conversations of a host apart.
  public static int echoIdentifier(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 4);
  }

  public static int echoSequence(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 6);
  }

  /// The MTU of "fragmentation needed" (RFC 1191); 0 from routers older than that.
  public static int nextHopMtu(ByteBuf buf, int at) {
    return buf.getUnsignedShort(at + 6);
  }

  /// Says whether a type reports an error, and so quotes a packet and is never answered by another
  /// error. A redirect counts (RFC 1122 section 3.2.2).
  public static boolean isError(int type) {
    return switch (type) {
      case UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM -> true;
      default -> false;
    };
  }

  /// Appends a header; the checksum stays 0 until [#writeChecksum].
  public static void write(ByteBuf out, int type, int code, int rest) {
    out.writeByte(type);
    out.writeByte(code);
    out.writeShort(0);
    out.writeInt(rest);
  }

  /// Sets the checksum of a message of `length` bytes; `pseudoHeader` is 0 for IPv4.
  public static void writeChecksum(ByteBuf buf, int at, int length, long pseudoHeader) {
    buf.setShort(at + CHECKSUM_AT, 0);
    long sum = InternetChecksum.add(pseudoHeader, buf, at, length);
    buf.setShort(at + CHECKSUM_AT, InternetChecksum.finish(sum));
  }
}
