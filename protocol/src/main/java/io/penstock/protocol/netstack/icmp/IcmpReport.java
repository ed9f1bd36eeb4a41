package io.penstock.protocol.netstack.icmp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// A view of one ICMP error: what it says, and about which packet. "Local" is the end that sent
/// that packet, which is us.
///
/// An object is made once and filled again and again by [IcmpInput]; it holds no buffer.
public final class IcmpReport {

  private static final int PROTOCOL_CODE_4 = 2;
  private static final int PORT_CODE_4 = 3;
  private static final int TOO_BIG_CODE_4 = 4;
  private static final int NETWORK_PROHIBITED_CODE_4 = 9;
  private static final int HOST_PROHIBITED_CODE_4 = 10;
  private static final int PROHIBITED_CODE_4 = 13;
  private static final int PROHIBITED_CODE_6 = 1;
  private static final int PORT_CODE_6 = 4;
  private static final int POLICY_CODE_6 = 5;
  private static final int REJECT_ROUTE_CODE_6 = 6;
  private static final int NEXT_HEADER_CODE_6 = 1;

  private final IpPacket quoted = new IpPacket();
  private IcmpKind kind = IcmpKind.UNREACHABLE;
  private int mtuBytes;
  private int sequenceNumber;

  IcmpReport() {}

  /// Reads an error that lies whole in `buf`; false when it says nothing that can be true.
  boolean read(IpPacket error, ByteBuf buf) {
    int at = IcmpErrors.quotedAt(error);
    int bytes = IcmpErrors.quotedBytes(error);
    boolean parsed = quoted.parseQuoted(buf, at, bytes) == PacketFault.NONE;
    if (!parsed || !quoted.hasTransport() || !quotesUs(error)) {
      return false;
    }
    sequenceNumber =
        quoted.protocol() == IpProtocol.TCP
            ? TcpHeader.sequenceNumber(buf, quoted.transportAt())
            : 0;
    mtuBytes = 0;
    int icmp = error.transportAt();
    int type = IcmpHeader.type(buf, icmp);
    int code = IcmpHeader.code(buf, icmp);
    kind = error.isIpv4() ? kind4(type, code) : kind6(type, code);
    return kind != IcmpKind.TOO_BIG || readMtu(error, buf);
  }

  /// An error goes to whoever sent the packet that it quotes, and is of the same version.
  private boolean quotesUs(IpPacket error) {
    return quoted.isIpv4() == error.isIpv4()
        && quoted.sourceLow() == error.destinationLow()
        && quoted.sourceHigh() == error.destinationHigh();
  }

  private static IcmpKind kind4(int type, int code) {
    return switch (type) {
      case IcmpHeader.TIME_EXCEEDED -> IcmpKind.TIME_EXCEEDED;
      case IcmpHeader.PARAMETER_PROBLEM -> IcmpKind.PARAMETER_PROBLEM;
      default ->
          switch (code) {
            case PROTOCOL_CODE_4 -> IcmpKind.PROTOCOL_UNREACHABLE;
            case PORT_CODE_4 -> IcmpKind.PORT_UNREACHABLE;
            case TOO_BIG_CODE_4 -> IcmpKind.TOO_BIG;
            case NETWORK_PROHIBITED_CODE_4, HOST_PROHIBITED_CODE_4, PROHIBITED_CODE_4 ->
                IcmpKind.PROHIBITED;
            default -> IcmpKind.UNREACHABLE;
          };
    };
  }

  private static IcmpKind kind6(int type, int code) {
    return switch (type) {
      case Icmp6Header.PACKET_TOO_BIG -> IcmpKind.TOO_BIG;
      case Icmp6Header.TIME_EXCEEDED -> IcmpKind.TIME_EXCEEDED;
      case Icmp6Header.PARAMETER_PROBLEM ->
          code == NEXT_HEADER_CODE_6 ? IcmpKind.PROTOCOL_UNREACHABLE : IcmpKind.PARAMETER_PROBLEM;
      default ->
          switch (code) {
            case PORT_CODE_6 -> IcmpKind.PORT_UNREACHABLE;
            case PROHIBITED_CODE_6, POLICY_CODE_6, REJECT_ROUTE_CODE_6 -> IcmpKind.PROHIBITED;
            default -> IcmpKind.UNREACHABLE;
          };
    };
  }

  /// The MTU that is reported, or what to try when none is (RFC 1191 section 5). A packet that
  /// would have fitted cannot have been too big (RFC 5927 section 7.2).
  private boolean readMtu(IpPacket error, ByteBuf buf) {
    int icmp = error.transportAt();
    int at = quoted.at();
    if (error.isIpv4()) {
      int length = Ipv4Header.totalLength(buf, at);
      int reported = IcmpHeader.nextHopMtu(buf, icmp);
      mtuBytes = reported == 0 ? PathMtuTable.plateauBelow(length) : reported;
      return mtuBytes < length;
    }
    long reported = IcmpHeader.rest(buf, icmp) & 0xffff_ffffL;
    int length = Ipv6Header.BYTES + Ipv6Header.payloadLength(buf, at);
    mtuBytes = (int) Math.min(reported, Ipv4Header.MAX_PACKET_BYTES);
    return reported < length;
  }

  public IcmpKind kind() {
    return kind;
  }

  /// The longest packet that would have got through; 0 unless this is [IcmpKind#TOO_BIG].
  public int mtuBytes() {
    return mtuBytes;
  }

  public boolean ipv4() {
    return quoted.isIpv4();
  }

  /// What the quoted packet carries; see [IpProtocol].
  public int protocol() {
    return quoted.protocol();
  }

  public long localHigh() {
    return quoted.sourceHigh();
  }

  public long localLow() {
    return quoted.sourceLow();
  }

  /// Our port, 0 when the packet has none.
  public int localPort() {
    return quoted.sourcePort();
  }

  public long remoteHigh() {
    return quoted.destinationHigh();
  }

  public long remoteLow() {
    return quoted.destinationLow();
  }

  public int remotePort() {
    return quoted.destinationPort();
  }

  /// The sequence number of the quoted TCP segment, by which a connection tells whether it can have
  /// sent it (RFC 5927 section 4.1); 0 for other protocols.
  public int sequenceNumber() {
    return sequenceNumber;
  }
}
