package io.penstock.protocol.netstack.icmp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import io.penstock.protocol.netstack.wire.Ipv6Header;

/// Builds the ICMP error about a packet, and finds the packet that an error quotes.
///
/// ```
/// | IP header, to the packet's source | ICMP header | the packet, from its first byte as it came |
/// ```
///
/// The quote is as long as the whole message stays within 576 bytes for IPv4 (RFC 1812 section
/// 4.3.2.3) and 1280 bytes for IPv6 (RFC 4443 section 2.4 c). The packet must be quoted as it came,
/// before its hop limit was lowered.
public final class IcmpErrors {

  /// The longest error message of IPv4.
  public static final int MAX_BYTES_4 = 576;

  /// The longest error message of IPv6.
  public static final int MAX_BYTES_6 = Ipv6Header.MIN_MTU_BYTES;

  private static final int HOP_LIMIT = 64;

  /// RFC 1812 section 4.3.2.5: errors "SHOULD have their IP Precedence field set to 6 or 7".
  private static final int INTERNETWORK_CONTROL = 0xc0;

  private IcmpErrors() {}

  /// Says whether an error may be sent about a packet at all.
  ///
  /// Never about an ICMP error, so that errors breed no errors; never about a fragment that is not
  /// the first; never when the source or destination is not a single host's address, so that one
  /// packet cannot call forth many (RFC 1122 section 3.2.2, 4443 section 2.4 e). The exceptions of
  /// RFC 4443 for multicast are not made: nobody here forwards multicast.
  public static boolean mayReportAbout(IpPacket packet, ByteBuf buf) {
    if (!packet.hasTransport() || packet.isIcmpError(buf)) {
      return false;
    }
    return packet.isIpv4()
        ? Ipv4Address.isRoutableUnicast((int) packet.sourceLow())
            && Ipv4Address.isRoutableUnicast((int) packet.destinationLow())
        : Ipv6Address.isRoutableUnicast(packet.sourceHigh())
            && Ipv6Address.isRoutableUnicast(packet.destinationHigh());
  }

  /// How long the error about a packet is, and so how much room [#write] needs.
  public static int lengthAbout(IpPacket packet) {
    int overhead = (packet.isIpv4() ? Ipv4Header.MIN_BYTES : Ipv6Header.BYTES) + IcmpHeader.BYTES;
    return Math.min(packet.isIpv4() ? MAX_BYTES_4 : MAX_BYTES_6, overhead + packet.length());
  }

  /// Appends the error about `packet`, which lies in `buf`, to `out`.
  ///
  /// @param mtuBytes the largest packet that would have fitted; 0 unless the error is about that
  /// @param sourceHigh first half of the reporter's IPv6 address, 0 for IPv4
  /// @param sourceLow the rest of it, or its IPv4 address
  public static void write(
      IcmpError error,
      int mtuBytes,
      IpPacket packet,
      ByteBuf buf,
      long sourceHigh,
      long sourceLow,
      ByteBuf out) {
    int total = lengthAbout(packet);
    long pseudoHeader = 0;
    int message;
    if (packet.isIpv4()) {
      message = total - Ipv4Header.MIN_BYTES;
      Ipv4Header.write(
          out,
          INTERNETWORK_CONTROL,
          total,
          0,
          Ipv4Header.DONT_FRAGMENT,
          HOP_LIMIT,
          IpProtocol.ICMP,
          (int) sourceLow,
          (int) packet.sourceLow());
    } else {
      message = total - Ipv6Header.BYTES;
      Ipv6Header.write(
          out,
          0,
          0,
          message,
          IpProtocol.ICMPV6,
          HOP_LIMIT,
          sourceHigh,
          sourceLow,
          packet.sourceHigh(),
          packet.sourceLow());
      pseudoHeader =
          InternetChecksum.pseudoHeader6(
              sourceHigh,
              sourceLow,
              packet.sourceHigh(),
              packet.sourceLow(),
              IpProtocol.ICMPV6,
              message);
    }
    int at = out.writerIndex();
    IcmpHeader.write(out, error.type(packet.isIpv4()), error.code(packet.isIpv4()), mtuBytes);
    out.writeBytes(buf, packet.at(), message - IcmpHeader.BYTES);
    IcmpHeader.writeChecksum(out, at, message, pseudoHeader);
  }

  /// Where the packet that an ICMP error quotes begins; it reaches to the error's own end at most.
  public static int quotedAt(IpPacket error) {
    return error.transportAt() + IcmpHeader.BYTES;
  }

  /// How much of that packet is there.
  public static int quotedBytes(IpPacket error) {
    return error.transportBytes() - IcmpHeader.BYTES;
  }
}
