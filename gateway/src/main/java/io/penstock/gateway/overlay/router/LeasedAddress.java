package io.penstock.gateway.overlay.router;

import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import java.net.InetAddress;

/// An overlay address together with the generation of its lease, which grows each time that the
/// lease is handed to a tunnel.
///
/// @param address a single host's address, neither loopback, link-local nor multicast
/// @param generation the higher one wins when two tunnels claim the address
public record LeasedAddress(InetAddress address, long generation) {

  public LeasedAddress {
    byte[] bytes = address.getAddress();
    boolean routable =
        bytes.length == Ipv4Address.BYTES
            ? Ipv4Address.isRoutableUnicast(Ipv4Address.of(bytes))
            : Ipv6Address.isRoutableUnicast(Ipv6Address.high(bytes));
    if (!routable) {
      throw new IllegalArgumentException(
          "address is "
              + address.getHostAddress()
              + ", allowed is a unicast address that can be routed");
    }
  }

  /// The first half of an IPv6 address, 0 for IPv4.
  long high() {
    return high(address);
  }

  /// The second half of an IPv6 address, or the IPv4 address.
  long low() {
    return low(address);
  }

  static long high(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == Ipv4Address.BYTES ? 0 : Ipv6Address.high(bytes);
  }

  static long low(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == Ipv4Address.BYTES
        ? Ipv4Address.of(bytes) & 0xffff_ffffL
        : Ipv6Address.low(bytes);
  }
}
