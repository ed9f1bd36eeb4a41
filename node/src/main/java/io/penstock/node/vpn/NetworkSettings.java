package io.penstock.node.vpn;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import java.util.List;
import java.util.OptionalInt;

/// The network settings of a tunnel's interface, whole, as a manager is to apply them.
///
/// @param mtuBytes of the interface; empty when the tunnel has not said
/// @param addresses of the interface
/// @param includedRoutes what is reached over the interface
/// @param excludedRoutes what is not, although an included route has it
/// @param dns which names are asked of whom
public record NetworkSettings(
    OptionalInt mtuBytes,
    List<InterfaceAddress> addresses,
    List<IpPrefix> includedRoutes,
    List<IpPrefix> excludedRoutes,
    DnsSettings dns) {

  /// Nothing at all: what a tunnel has before it asks.
  public static final NetworkSettings NONE =
      new NetworkSettings(OptionalInt.empty(), List.of(), List.of(), List.of(), DnsSettings.NONE);

  /// What IPv4 needs (RFC 791). IPv6 needs 1280 (RFC 8200, section 5), which a system knows best
  /// itself.
  public static final int MIN_MTU_BYTES = 576;

  /// The longest packet of IPv4.
  public static final int MAX_MTU_BYTES = 65_535;

  /// More than any interface has.
  public static final int MAX_ADDRESSES = 16;

  /// Included and excluded ones together. A network has one range of each family, so that more are
  /// a mistake or an attack.
  public static final int MAX_ROUTES = 256;

  public NetworkSettings {
    addresses = List.copyOf(addresses);
    includedRoutes = List.copyOf(includedRoutes);
    excludedRoutes = List.copyOf(excludedRoutes);
    requireAtMost(MAX_ADDRESSES, addresses.size(), "addresses");
    requireAtMost(MAX_ROUTES, includedRoutes.size() + excludedRoutes.size(), "routes");
    int mtu = mtuBytes.orElse(MIN_MTU_BYTES);
    if (mtu < MIN_MTU_BYTES || mtu > MAX_MTU_BYTES) {
      throw new IllegalArgumentException(
          "the MTU is %d, allowed is %d to %d".formatted(mtu, MIN_MTU_BYTES, MAX_MTU_BYTES));
    }
  }

  static void requireAtMost(int most, int count, String what) {
    if (count > most) {
      throw new IllegalArgumentException(
          "%d %s are asked for, allowed are %d".formatted(count, what, most));
    }
  }

  /// Returns an address if one host may have it.
  ///
  /// @throws IllegalArgumentException when it is for none, for this machine itself or for many
  static IpAddress requireHost(IpAddress address) {
    boolean broadcast =
        address.family() == IpFamily.IPV4 && address.toString().equals("255.255.255.255");
    if (address.isUnspecified()
        || broadcast
        || address.inet().isLoopbackAddress()
        || address.inet().isMulticastAddress()) {
      throw new IllegalArgumentException(
          "%s is no address of an interface, allowed is any that is not unspecified, loopback, multicast or broadcast"
              .formatted(address));
    }
    return address;
  }

  /// An address of the interface.
  ///
  /// @param prefixBits how many bits the addresses on the same link share, up to 32 or 128
  public record InterfaceAddress(IpAddress address, int prefixBits) {
    public InterfaceAddress {
      requireHost(address);
      if (prefixBits < 1 || prefixBits > address.family().bits()) {
        throw new IllegalArgumentException(
            "the prefix length of %s is %d, allowed is 1 to %d"
                .formatted(address, prefixBits, address.family().bits()));
      }
    }

    public IpFamily family() {
      return address.family();
    }

    @Override
    public String toString() {
      return address + "/" + prefixBits;
    }
  }
}
