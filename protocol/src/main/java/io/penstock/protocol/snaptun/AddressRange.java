package io.penstock.protocol.snaptun;

/// One IP address as the protocol names it, or any address of a family when all its bits are zero.
///
/// The wire could say a prefix; both ends refuse any but the full one, so it is not kept.
///
/// @param isdAs see [IsdAs]; [IsdAs#WILDCARD] only where an allocator is asked for any
/// @param ipVersion 4 or 6
/// @param high the upper 64 bits of an IPv6 address, 0 for IPv4
/// @param low the lower 64 bits of an IPv6 address, or the IPv4 address in the lower 32 bits
public record AddressRange(long isdAs, int ipVersion, long high, long low) {

  public AddressRange {
    if (ipVersion != 4 && ipVersion != 6) {
      throw new IllegalArgumentException("ipVersion is " + ipVersion + ", allowed are 4 and 6");
    }
    if (ipVersion == 4 && (high != 0 || (low >>> 32) != 0)) {
      throw new IllegalArgumentException("an IPv4 address of more than 32 bits");
    }
  }

  /// An IPv4 address in network order, 0 for any.
  public static AddressRange ipv4(long isdAs, int address) {
    return new AddressRange(isdAs, 4, 0, Integer.toUnsignedLong(address));
  }

  /// An IPv6 address in network order, twice 0 for any.
  public static AddressRange ipv6(long isdAs, long high, long low) {
    return new AddressRange(isdAs, 6, high, low);
  }

  /// Reads an address from its 4 or 16 bytes.
  public static AddressRange ofBytes(long isdAs, byte[] address) {
    return switch (address.length) {
      case 4 -> ipv4(isdAs, (int) bits(address, 0, 4));
      case 16 -> ipv6(isdAs, bits(address, 0, 8), bits(address, 8, 8));
      default ->
          throw new IllegalArgumentException(
              "an address of " + address.length + " bytes, allowed are 4 and 16");
    };
  }

  /// The same address under another ISD-AS.
  public AddressRange withIsdAs(long other) {
    return new AddressRange(other, ipVersion, high, low);
  }

  /// Whether any address of the family is meant.
  public boolean isAny() {
    return high == 0 && low == 0;
  }

  /// 32 or 128.
  public int prefixLength() {
    return ipVersion == 4 ? 32 : 128;
  }

  /// The IPv4 address in network order.
  public int ipv4() {
    if (ipVersion != 4) {
      throw new IllegalStateException("not an IPv4 address: " + this);
    }
    return (int) low;
  }

  /// The 4 or 16 bytes of the address in network order.
  public byte[] addressBytes() {
    byte[] bytes = new byte[prefixLength() / 8];
    for (int i = 0; i < bytes.length; i++) {
      int fromRight = bytes.length - 1 - i;
      bytes[i] = (byte) ((fromRight < 8 ? low : high) >>> (fromRight % 8 * 8));
    }
    return bytes;
  }

  /// The address alone, as people write it (RFC 5952 for IPv6).
  public String addressText() {
    if (ipVersion == 4) {
      return "%d.%d.%d.%d"
          .formatted((low >>> 24) & 0xff, (low >>> 16) & 0xff, (low >>> 8) & 0xff, low & 0xff);
    }
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (int) ((i < 4 ? high : low) >>> ((3 - i % 4) * 16)) & 0xffff;
    }
    return ipv6Text(groups);
  }

  /// ISD-AS and address, as SCION writes them: `1-ff00:0:110,192.168.0.1`.
  @Override
  public String toString() {
    return IsdAs.format(isdAs) + "," + addressText();
  }

  private static String ipv6Text(int[] groups) {
    int zerosAt = -1;
    int zeros = 1;
    for (int at = 0; at < 8; at++) {
      int run = 0;
      while (at + run < 8 && groups[at + run] == 0) {
        run++;
      }
      if (run > zeros) {
        zerosAt = at;
        zeros = run;
      }
    }
    StringBuilder text = new StringBuilder(39);
    for (int at = 0; at < 8; at++) {
      if (at == zerosAt) {
        text.append("::");
        at += zeros - 1;
        continue;
      }
      if (at > 0 && at != zerosAt + zeros) {
        text.append(':');
      }
      text.append(Integer.toHexString(groups[at]));
    }
    return text.toString();
  }

  private static long bits(byte[] bytes, int from, int count) {
    long bits = 0;
    for (int i = from; i < from + count; i++) {
      bits = (bits << 8) | (bytes[i] & 0xff);
    }
    return bits;
  }
}
