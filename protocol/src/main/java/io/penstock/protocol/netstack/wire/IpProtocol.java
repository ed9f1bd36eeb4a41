package io.penstock.protocol.netstack.wire;

/// The numbers in the protocol field of IPv4 and the next-header fields of IPv6 that we know.
///
/// Source: the protocol numbers registry of IANA.
public final class IpProtocol {

  public static final int HOP_BY_HOP = 0;
  public static final int ICMP = 1;
  public static final int TCP = 6;
  public static final int UDP = 17;
  public static final int ROUTING = 43;
  public static final int FRAGMENT = 44;
  public static final int ESP = 50;
  public static final int AUTHENTICATION = 51;
  public static final int ICMPV6 = 58;
  public static final int NO_NEXT_HEADER = 59;
  public static final int DESTINATION_OPTIONS = 60;
  public static final int MOBILITY = 135;
  public static final int HIP = 139;
  public static final int SHIM6 = 140;

  private IpProtocol() {}
}
