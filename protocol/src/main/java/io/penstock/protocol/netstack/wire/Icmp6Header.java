package io.penstock.protocol.netstack.wire;

/// The types of ICMPv6 (RFC 4443 and 4861); the layout and its accessors are [IcmpHeader]'s.
public final class Icmp6Header {

  public static final int UNREACHABLE = 1;
  public static final int PACKET_TOO_BIG = 2;
  public static final int TIME_EXCEEDED = 3;
  public static final int PARAMETER_PROBLEM = 4;
  public static final int ECHO_REQUEST = 128;
  public static final int ECHO_REPLY = 129;
  public static final int REDIRECT = 137;

  private Icmp6Header() {}

  /// Says whether a type reports an error: those below 128 do (RFC 4443 section 2.1), and a
  /// redirect is never answered by an error either (section 2.4 e.2).
  public static boolean isError(int type) {
    return type < 128 || type == REDIRECT;
  }
}
