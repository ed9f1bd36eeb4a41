package io.penstock.gateway.overlay.lease;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.config.Requirements;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Optional;

/// From which ranges nodes get their addresses, and how long one is kept for a node that has gone.
///
/// Some addresses of a range are nobody's: the first (the network; for IPv6 the routers' anycast
/// address, RFC 4291, section 2.6.1), the second, which is the gateway's own, and the last of an
/// IPv4 range, for broadcasts.
///
/// @param ipv4 the range of IPv4 addresses, if there are any
/// @param ipv6 the range of IPv6 addresses, if there are any
/// @param hold how long an address is kept after the node's tunnel ended
public record PoolConfig(Optional<IpPrefix> ipv4, Optional<IpPrefix> ipv6, Duration hold) {

  /// 65,533 nodes in a part of 10.0.0.0/8 (RFC 1918) that home and office routers rarely use.
  public static final IpPrefix DEFAULT_IPV4 = IpPrefix.parse("10.86.0.0/16");

  /// One subnet of a unique local prefix whose 40 bits were drawn at random (RFC 4193, section
  /// 3.2).
  public static final IpPrefix DEFAULT_IPV6 = IpPrefix.parse("fd7c:4a1b:93e2::/64");

  /// As in the original: long enough for a laptop's way between two places.
  public static final Duration DEFAULT_HOLD = Duration.ofMinutes(10);

  private static final int OWN_OFFSET = 1;
  private static final int FIRST_OFFSET = 2;
  private static final Duration MAX_HOLD = Duration.ofDays(365);

  /// What holds when nothing is set.
  public static final PoolConfig DEFAULT =
      new PoolConfig(Optional.of(DEFAULT_IPV4), Optional.of(DEFAULT_IPV6), DEFAULT_HOLD);

  public PoolConfig {
    Requirements requirements =
        Requirements.of("overlay").between("hold", hold, Duration.ZERO, MAX_HOLD);
    ipv4.ifPresent(
        range ->
            requirements.that(
                range.family() == IpFamily.IPV4 && range.bits() >= 8 && range.bits() <= 29,
                "ipv4",
                range,
                "an IPv4 network from /8 to /29"));
    ipv6.ifPresent(
        range ->
            requirements.that(
                range.family() == IpFamily.IPV6 && range.bits() >= 32 && range.bits() <= 120,
                "ipv6",
                range,
                "an IPv6 network from /32 to /120"));
    requirements
        .that(
            ipv4.isPresent() || ipv6.isPresent(),
            "ipv4",
            "off",
            "a network, because ipv6 is off too and no node could have an address")
        .check();
  }

  /// The range of a family.
  public Optional<IpPrefix> range(IpFamily family) {
    return switch (family) {
      case IPV4 -> ipv4;
      case IPV6 -> ipv6;
    };
  }

  /// The gateway's own address in a family, where its resolver answers.
  public Optional<IpAddress> ownAddress(IpFamily family) {
    return range(family).map(range -> range.at(OWN_OFFSET));
  }

  /// Whether a node may have the address.
  boolean isForNodes(IpAddress address) {
    return range(address.family())
        .filter(range -> range.contains(address))
        .map(
            range -> {
              BigInteger place = range.offsetOf(address).subtract(firstOffset());
              return place.signum() >= 0 && place.compareTo(nodes(range)) < 0;
            })
        .orElse(false);
  }

  /// How many addresses of a range nodes may have; they are next to each other.
  static BigInteger nodes(IpPrefix range) {
    int broadcast = range.family() == IpFamily.IPV4 ? 1 : 0;
    return range.size().subtract(BigInteger.valueOf(FIRST_OFFSET + broadcast));
  }

  /// Where in a range the first of them is.
  static BigInteger firstOffset() {
    return BigInteger.valueOf(FIRST_OFFSET);
  }
}
