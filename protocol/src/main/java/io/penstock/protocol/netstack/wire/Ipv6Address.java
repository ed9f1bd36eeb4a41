package io.penstock.protocol.netstack.wire;

/// IPv6 addresses as two `long` values, and which of them are not a single host's.
public final class Ipv6Address {

  /// How long an address is on the wire.
  public static final int BYTES = 16;

  private static final int GROUPS = 8;

  private Ipv6Address() {}

  /// The first half of the address whose sixteen bytes these are.
  public static long high(byte[] bytes) {
    return half(bytes, 0);
  }

  /// The second half of the address whose sixteen bytes these are.
  public static long low(byte[] bytes) {
    return half(bytes, Long.BYTES);
  }

  private static long half(byte[] bytes, int from) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("an IPv6 address has 16 bytes, not " + bytes.length);
    }
    long half = 0;
    for (int i = from; i < from + Long.BYTES; i++) {
      half = half << 8 | (bytes[i] & 0xff);
    }
    return half;
  }

  /// The sixteen bytes of an address.
  public static byte[] bytes(long high, long low) {
    byte[] bytes = new byte[BYTES];
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[i] = (byte) (high >>> (56 - 8 * i));
      bytes[Long.BYTES + i] = (byte) (low >>> (56 - 8 * i));
    }
    return bytes;
  }

  /// `ff00::/8`.
  public static boolean isMulticast(long high) {
    return high >>> 56 == 0xff;
  }

  /// `fe80::/10`.
  public static boolean isLinkLocal(long high) {
    return high >>> 54 == 0x3fa;
  }

  /// `::1`.
  public static boolean isLoopback(long high, long low) {
    return high == 0 && low == 1;
  }

  /// Says whether an address can name one host beyond its own link.
  ///
  /// It cannot when it is multicast, link-local, or of `::/32`, which holds the unspecified and the
  /// loopback address and those that merely wrap an IPv4 address (RFC 6890).
  public static boolean isRoutableUnicast(long high) {
    return high >>> 32 != 0 && !isMulticast(high) && !isLinkLocal(high);
  }

  /// The text of RFC 5952: lower case, the longest run of two or more zero groups as `::`.
  public static String format(long high, long low) {
    int runAt = -1;
    int runLength = 1;
    for (int i = 0; i < GROUPS; i++) {
      int length = zeroGroups(high, low, i);
      if (length > runLength) {
        runAt = i;
        runLength = length;
      }
    }
    StringBuilder text = new StringBuilder(39);
    for (int i = 0; i < GROUPS; i++) {
      if (i == runAt) {
        text.append("::");
        i += runLength - 1;
      } else {
        if (i > 0 && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(group(high, low, i)));
      }
    }
    return text.toString();
  }

  private static int zeroGroups(long high, long low, int from) {
    int length = 0;
    while (from + length < GROUPS && group(high, low, from + length) == 0) {
      length++;
    }
    return length;
  }

  private static int group(long high, long low, int index) {
    long half = index < 4 ? high : low;
    return (int) (half >>> (48 - 16 * (index & 3))) & 0xffff;
  }
}
