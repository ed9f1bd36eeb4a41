package io.penstock.protocol.netstack.wire;

/// An address of either version and a port, as the users of the stack name them.
///
/// Tables and packets name the same by their numbers: an IPv4 address is in the low 32 bits of
/// `low`, never sign-extended, and `high` is 0. One of these is made for an event or a command,
/// never for a packet.
///
/// @param ipv4 which version the address is of
/// @param high the first half of an IPv6 address, 0 for IPv4
/// @param low the second half of an IPv6 address, or the IPv4 address
/// @param port 0 to 65535; 0 where any port is meant
public record IpEndpoint(boolean ipv4, long high, long low, int port) {

  /// The highest port there is.
  public static final int MAX_PORT = 65_535;

  private static final long MAX_IPV4 = 0xffff_ffffL;

  /// @throws IllegalArgumentException when the port, or an IPv4 address, is out of its range
  public IpEndpoint {
    if (port < 0 || port > MAX_PORT) {
      throw new IllegalArgumentException("port is " + port + ", allowed is 0 to " + MAX_PORT);
    }
    if (ipv4 && (high != 0 || low < 0 || low > MAX_IPV4)) {
      throw new IllegalArgumentException("an IPv4 address has 32 bits");
    }
  }

  /// The endpoint at an IPv4 address.
  public static IpEndpoint of4(int address, int port) {
    return new IpEndpoint(true, 0, address & MAX_IPV4, port);
  }

  /// The endpoint at an IPv6 address.
  public static IpEndpoint of6(long high, long low, int port) {
    return new IpEndpoint(false, high, low, port);
  }

  /// The endpoint at the address whose four or sixteen bytes these are.
  ///
  /// @throws IllegalArgumentException when they are neither four nor sixteen
  public static IpEndpoint of(byte[] address, int port) {
    return address.length == Ipv4Address.BYTES
        ? of4(Ipv4Address.of(address), port)
        : of6(Ipv6Address.high(address), Ipv6Address.low(address), port);
  }

  /// Where a packet comes from; the port is 0 when it names none.
  public static IpEndpoint source(IpPacket packet) {
    return new IpEndpoint(
        packet.isIpv4(), packet.sourceHigh(), packet.sourceLow(), packet.sourcePort());
  }

  /// Where a packet goes; the port is 0 when it names none.
  public static IpEndpoint destination(IpPacket packet) {
    return new IpEndpoint(
        packet.isIpv4(),
        packet.destinationHigh(),
        packet.destinationLow(),
        packet.destinationPort());
  }

  /// The same address with another port.
  public IpEndpoint withPort(int other) {
    return new IpEndpoint(ipv4, high, low, other);
  }

  /// Says whether both have the same address, whatever their ports.
  public boolean isAddressOf(IpEndpoint other) {
    return ipv4 == other.ipv4 && high == other.high && low == other.low;
  }

  /// Says whether this is `0.0.0.0` or `::`, which stand for any address.
  public boolean isUnspecified() {
    return high == 0 && low == 0;
  }

  /// The four or sixteen bytes of the address, as `InetAddress.getByAddress` takes them.
  public byte[] addressBytes() {
    return ipv4 ? Ipv4Address.bytes((int) low) : Ipv6Address.bytes(high, low);
  }

  /// The text of the address alone, such as `10.0.0.1` or `fd00::1`.
  public String addressText() {
    return ipv4 ? Ipv4Address.format((int) low) : Ipv6Address.format(high, low);
  }

  /// The usual text, such as `10.0.0.1:80` or `[fd00::1]:80`.
  @Override
  public String toString() {
    return ipv4 ? addressText() + ":" + port : "[" + addressText() + "]:" + port;
  }
}
