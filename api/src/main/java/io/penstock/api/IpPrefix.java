package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigInteger;

/// A range of IP addresses that share their first bits, such as `10.86.0.0/16` (RFC 4632).
///
/// @param network the first address of the range
/// @param bits how many bits the addresses share
public record IpPrefix(IpAddress network, int bits) {

  /// What may be written, for messages.
  public static final String ALLOWED = "a network such as 10.86.0.0/16 or fd00::/64";

  public IpPrefix {
    if (bits < 0 || bits > network.family().bits()) {
      throw new IllegalArgumentException(
          "the prefix length is %d, allowed is 0 to %d".formatted(bits, network.family().bits()));
    }
    int hostBits = network.family().bits() - bits;
    BigInteger first = new BigInteger(1, network.bytes());
    if (first.signum() != 0 && first.getLowestSetBit() < hostBits) {
      throw new IllegalArgumentException(
          "%s/%d has bits set behind its prefix, allowed is %s".formatted(network, bits, ALLOWED));
    }
  }

  /// Reads `ADDRESS/BITS`.
  ///
  /// @throws IllegalArgumentException when it is no network, with the text and what is allowed
  @JsonCreator
  public static IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("0|[1-9][0-9]{0,2}")) {
      String shown = text.length() > 64 ? text.substring(0, 64) + "…" : text;
      throw new IllegalArgumentException("\"" + shown + "\" is no network, allowed is " + ALLOWED);
    }
    return new IpPrefix(
        IpAddress.parse(text.substring(0, slash)), Integer.parseInt(text.substring(slash + 1)));
  }

  public IpFamily family() {
    return network.family();
  }

  /// How many of an address's bits tell the members of the range apart.
  public int hostBits() {
    return family().bits() - bits;
  }

  /// How many addresses the range has.
  public BigInteger size() {
    return BigInteger.ONE.shiftLeft(hostBits());
  }

  /// Whether an address is in the range; one of the other family is not.
  public boolean contains(IpAddress address) {
    return address.family() == family()
        && offsetOf(address).signum() >= 0
        && offsetOf(address).compareTo(size()) < 0;
  }

  /// The address at a distance from the first.
  ///
  /// @throws IllegalArgumentException when the range has no such address
  public IpAddress at(BigInteger offset) {
    if (offset.signum() < 0 || offset.compareTo(size()) >= 0) {
      throw new IllegalArgumentException(this + " has no address " + offset);
    }
    byte[] number = new BigInteger(1, network.bytes()).add(offset).toByteArray();
    byte[] address = new byte[family().bits() / Byte.SIZE];
    // A number may come with a leading byte for its sign.
    int length = Math.min(number.length, address.length);
    System.arraycopy(number, number.length - length, address, address.length - length, length);
    return IpAddress.of(address);
  }

  /// The address at a distance from the first; see [#at(BigInteger)].
  public IpAddress at(long offset) {
    return at(BigInteger.valueOf(offset));
  }

  /// The last address, which is for broadcasts in an IPv4 network (RFC 919, section 7).
  public IpAddress last() {
    return at(size().subtract(BigInteger.ONE));
  }

  /// The distance of an address of the same family from the first of the range.
  public BigInteger offsetOf(IpAddress address) {
    if (address.family() != family()) {
      throw new IllegalArgumentException(address + " is no address like those of " + this);
    }
    return new BigInteger(1, address.bytes()).subtract(new BigInteger(1, network.bytes()));
  }

  @Override
  @JsonValue
  public String toString() {
    return network + "/" + bits;
  }
}
