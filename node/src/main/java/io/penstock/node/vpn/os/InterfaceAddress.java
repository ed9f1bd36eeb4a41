package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import java.math.BigInteger;

/// An address of an interface with the length of the network that it is in.
///
/// @param bits 0 to 32 or 128; with all of them there is no network beside the address
public record InterfaceAddress(IpAddress address, int bits) {

  public InterfaceAddress {
    if (bits < 0 || bits > address.family().bits()) {
      throw new IllegalArgumentException(
          "the prefix length of %s is %d, allowed is 0 to %d"
              .formatted(address, bits, address.family().bits()));
    }
  }

  /// The network that the address is in.
  public IpPrefix network() {
    byte[] bytes = address.bytes();
    int hostBits = address.family().bits() - bits;
    BigInteger network = new BigInteger(1, bytes).shiftRight(hostBits).shiftLeft(hostBits);
    IpPrefix all = new IpPrefix(IpAddress.of(new byte[bytes.length]), 0);
    return new IpPrefix(all.at(network), bits);
  }

  @Override
  public String toString() {
    return address + "/" + bits;
  }
}
