package io.penstock.api;

/// One of the two kinds of IP addresses.
public enum IpFamily {
  /// RFC 791.
  IPV4(4, 32),
  /// RFC 8200.
  IPV6(6, 128);

  private final int version;
  private final int bits;

  IpFamily(int version, int bits) {
    this.version = version;
    this.bits = bits;
  }

  /// The number in the first four bits of a packet: 4 or 6.
  public int version() {
    return version;
  }

  /// The length of an address.
  public int bits() {
    return bits;
  }

  /// The family with the version number 4 or 6.
  ///
  /// @throws IllegalArgumentException for any other number
  public static IpFamily of(int version) {
    for (IpFamily family : values()) {
      if (family.version == version) {
        return family;
      }
    }
    throw new IllegalArgumentException("IP version is " + version + ", allowed is 4 or 6");
  }
}
