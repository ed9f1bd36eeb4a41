package io.penstock.node.ping;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Optional;

/// What ICMP errors mean, for people.
final class IcmpWords {

  private IcmpWords() {}

  /// Says what an error means; empty for what does not stop the packet that it is about.
  static Optional<String> of(IpPacket error, ByteBuf buf) {
    int at = error.transportAt();
    int type = IcmpHeader.type(buf, at);
    int code = IcmpHeader.code(buf, at);
    return error.isIpv4()
        ? of4(type, code, IcmpHeader.nextHopMtu(buf, at))
        : of6(type, code, IcmpHeader.rest(buf, at) & 0xffff_ffffL);
  }

  private static Optional<String> of4(int type, int code, int mtu) {
    return switch (type) {
      case IcmpHeader.UNREACHABLE ->
          Optional.of(
              switch (code) {
                case 0, 6, 11 -> "no route to the destination";
                case 1, 7, 12 -> "the destination is not there";
                case 2 -> "the destination does not know the protocol";
                case 3 -> "the port is unreachable";
                case 4 -> tooBig(mtu);
                case 9, 10, 13 -> "forbidden by the policy";
                default -> "unreachable (code " + code + ")";
              });
      case IcmpHeader.TIME_EXCEEDED -> Optional.of(timeExceeded(code));
      case IcmpHeader.PARAMETER_PROBLEM -> Optional.of("the packet has a field that is wrong");
      default -> Optional.empty();
    };
  }

  private static Optional<String> of6(int type, int code, long mtu) {
    return switch (type) {
      case Icmp6Header.UNREACHABLE ->
          Optional.of(
              switch (code) {
                case 0, 6 -> "no route to the destination";
                case 1, 5 -> "forbidden by the policy";
                case 3 -> "the destination is not there";
                case 4 -> "the port is unreachable";
                default -> "unreachable (code " + code + ")";
              });
      case Icmp6Header.PACKET_TOO_BIG -> Optional.of(tooBig(mtu));
      case Icmp6Header.TIME_EXCEEDED -> Optional.of(timeExceeded(code));
      case Icmp6Header.PARAMETER_PROBLEM -> Optional.of("the packet has a field that is wrong");
      default -> Optional.empty();
    };
  }

  private static String timeExceeded(int code) {
    return code == 0 ? "too many hops" : "a fragment was missing for too long";
  }

  private static String tooBig(long mtu) {
    return mtu == 0
        ? "the packet is too big"
        : "the packet is too big, at most " + mtu + " bytes fit";
  }
}
