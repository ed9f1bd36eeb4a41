package io.penstock.protocol.netstack.wire;

/// IPv4 addresses as `int` values, and which of them are not a single host's.
public final class Ipv4Address {

  /// How long an address is on the wire.
  public static final int BYTES = 4;

  private Ipv4Address() {}

  /// The address whose four bytes these are.
  public static int of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("an IPv4 address has 4 bytes, not " + bytes.length);
    }
    return (bytes[0] & 0xff) << 24
        | (bytes[1] & 0xff) << 16
        | (bytes[2] & 0xff) << 8
        | (bytes[3] & 0xff);
  }

  /// The four bytes of an address.
  public static byte[] bytes(int address) {
    return new byte[] {
      (byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address
    };
  }

  /// `224.0.0.0/4`.
  public static boolean isMulticast(int address) {
    return address >>> 28 == 0xe;
  }

  /// `127.0.0.0/8`.
  public static boolean isLoopback(int address) {
    return address >>> 24 == 127;
  }

  /// `169.254.0.0/16`.
  public static boolean isLinkLocal(int address) {
    return address >>> 16 == 0xa9fe;
  }

  /// Says whether an address can name one host beyond its own link.
  ///
  /// It cannot when it is of "this network" (`0.0.0.0/8`), loopback, link-local, multicast, or of
  /// the reserved rest from `240.0.0.0` that ends with the limited broadcast (RFC 6890).
  public static boolean isRoutableUnicast(int address) {
    return address >>> 24 != 0
        && address >>> 29 != 7
        && !isLoopback(address)
        && !isLinkLocal(address);
  }

  /// The dotted text.
  public static String format(int address) {
    return (address >>> 24)
        + "."
        + ((address >>> 16) & 0xff)
        + "."
        + ((address >>> 8) & 0xff)
        + "."
        + (address & 0xff);
  }
}
