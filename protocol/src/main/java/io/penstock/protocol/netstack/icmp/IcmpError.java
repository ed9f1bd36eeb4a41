package io.penstock.protocol.netstack.icmp;

import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import java.util.Locale;

/// An error that a router or a host reports, with its type and code in both versions of ICMP.
public enum IcmpError {
  /// The packet went through too many routers.
  HOP_LIMIT_EXCEEDED(IcmpHeader.TIME_EXCEEDED, 0, Icmp6Header.TIME_EXCEEDED, 0),
  /// Fragments of the packet are missing and have been waited for long enough.
  REASSEMBLY_TIME_EXCEEDED(IcmpHeader.TIME_EXCEEDED, 1, Icmp6Header.TIME_EXCEEDED, 1),
  /// No route leads to the destination.
  NO_ROUTE(IcmpHeader.UNREACHABLE, 0, Icmp6Header.UNREACHABLE, 0),
  /// The destination should be here and is not.
  ADDRESS_UNREACHABLE(IcmpHeader.UNREACHABLE, 1, Icmp6Header.UNREACHABLE, 3),
  /// The policy forbids it.
  ADMIN_PROHIBITED(IcmpHeader.UNREACHABLE, 13, Icmp6Header.UNREACHABLE, 1),
  /// Nobody listens on the port.
  PORT_UNREACHABLE(IcmpHeader.UNREACHABLE, 3, Icmp6Header.UNREACHABLE, 4),
  /// The packet does not fit; IPv4 calls it "fragmentation needed and DF set".
  PACKET_TOO_BIG(IcmpHeader.UNREACHABLE, 4, Icmp6Header.PACKET_TOO_BIG, 0);

  private final String code = name().toLowerCase(Locale.ROOT);
  private final int type4;
  private final int code4;
  private final int type6;
  private final int code6;

  IcmpError(int type4, int code4, int type6, int code6) {
    this.type4 = type4;
    this.code4 = code4;
    this.type6 = type6;
    this.code6 = code6;
  }

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }

  int type(boolean ipv4) {
    return ipv4 ? type4 : type6;
  }

  int code(boolean ipv4) {
    return ipv4 ? code4 : code6;
  }
}
