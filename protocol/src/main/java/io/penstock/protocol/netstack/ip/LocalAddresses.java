package io.penstock.protocol.netstack.ip;

import io.penstock.protocol.Bounds;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import java.util.Arrays;

/// The addresses that are ours, of both versions, each with the length of the prefix of its
/// network.
///
/// There are few (at most [#MAX_ADDRESSES]), so that a packet's destination is found by going
/// through them. An address has an index from 0 to [#size], which changes when another is removed.
/// Addresses are given as everywhere in the stack: version, high half, low half.
///
/// Which of them a packet to some destination should come from follows RFC 6724 section 5 as far as
/// it makes a difference here: the destination itself (rule 1), an appropriate scope (rule 2), an
/// address whose network the destination is in (rule 5, as there is one link), the longest common
/// prefix (rule 8), and among equals the one that was added first.
public final class LocalAddresses {

  /// More would want another way to look one up.
  public static final int MAX_ADDRESSES = 256;

  /// No address.
  public static final int NONE = -1;

  private static final int IPV4_BITS = 32;
  private static final int IPV6_BITS = 128;
  private static final int IN_NETWORK = IPV6_BITS;
  private static final int SCOPE_LINK = 2;
  private static final int SCOPE_GLOBAL = 14;
  private static final int FIRST_SLOTS = 4;

  private boolean[] ipv4 = new boolean[FIRST_SLOTS];
  private long[] highs = new long[FIRST_SLOTS];
  private long[] lows = new long[FIRST_SLOTS];
  private int[] prefixes = new int[FIRST_SLOTS];
  private int size;

  /// No addresses yet.
  public LocalAddresses() {}

  /// Adds an address, or gives one that is there already another prefix.
  ///
  /// @throws IllegalArgumentException when the address is no single host's or the prefix impossible
  /// @throws IllegalStateException when there are [#MAX_ADDRESSES] already
  public void add(boolean isIpv4, long high, long low, int prefixBits) {
    Bounds.requireBetween(
        "netstack.address_prefix_bits", prefixBits, 0, isIpv4 ? IPV4_BITS : IPV6_BITS);
    if ((high == 0 && low == 0) || isMulticast(isIpv4, high, low)) {
      throw new IllegalArgumentException("an address of ours is a single host's");
    }
    int index = indexOf(isIpv4, high, low);
    if (index == NONE) {
      if (size == MAX_ADDRESSES) {
        throw new IllegalStateException("there are " + MAX_ADDRESSES + " addresses already");
      }
      if (size == highs.length) {
        grow();
      }
      index = size++;
      ipv4[index] = isIpv4;
      highs[index] = high;
      lows[index] = low;
    }
    prefixes[index] = prefixBits;
  }

  private void grow() {
    int slots = 2 * size;
    ipv4 = Arrays.copyOf(ipv4, slots);
    highs = Arrays.copyOf(highs, slots);
    lows = Arrays.copyOf(lows, slots);
    prefixes = Arrays.copyOf(prefixes, slots);
  }

  /// Takes an address away; false when it was not ours.
  public boolean remove(boolean isIpv4, long high, long low) {
    int index = indexOf(isIpv4, high, low);
    if (index == NONE) {
      return false;
    }
    size--;
    System.arraycopy(ipv4, index + 1, ipv4, index, size - index);
    System.arraycopy(highs, index + 1, highs, index, size - index);
    System.arraycopy(lows, index + 1, lows, index, size - index);
    System.arraycopy(prefixes, index + 1, prefixes, index, size - index);
    return true;
  }

  /// Says whether an address is ours.
  public boolean contains(boolean isIpv4, long high, long low) {
    return indexOf(isIpv4, high, low) != NONE;
  }

  /// Where an address is, [#NONE] when it is not ours.
  public int indexOf(boolean isIpv4, long high, long low) {
    for (int i = 0; i < size; i++) {
      if (lows[i] == low && highs[i] == high && ipv4[i] == isIpv4) {
        return i;
      }
    }
    return NONE;
  }

  /// The index of the address that packets to this destination should come from, [#NONE] when we
  /// have none of its version.
  public int sourceFor(boolean isIpv4, long high, long low) {
    int best = NONE;
    int scope = scope(isIpv4, high, low);
    for (int i = 0; i < size; i++) {
      if (ipv4[i] == isIpv4 && (best == NONE || isBetter(i, best, scope, high, low))) {
        best = i;
      }
    }
    return best;
  }

  private boolean isBetter(int index, int than, int scope, long high, long low) {
    boolean same = highs[index] == high && lows[index] == low;
    boolean otherSame = highs[than] == high && lows[than] == low;
    if (same || otherSame) {
      return same;
    }
    int ownScope = scope(ipv4[index], highs[index], lows[index]);
    int otherScope = scope(ipv4[than], highs[than], lows[than]);
    if (ownScope != otherScope) {
      // RFC 6724 rule 2: the smaller of two scopes, unless it is too small for the destination.
      return ownScope < otherScope ? ownScope >= scope : otherScope < scope;
    }
    return nearness(index, high, low) > nearness(than, high, low);
  }

  /// The length of the prefix when the destination is in the network of the address; else, and
  /// always less than that, how many bits both have in common.
  private int nearness(int index, long high, long low) {
    int common;
    if (ipv4[index]) {
      common = Long.numberOfLeadingZeros(lows[index] ^ low) - IPV4_BITS;
    } else if (highs[index] != high) {
      common = Long.numberOfLeadingZeros(highs[index] ^ high);
    } else {
      common = Long.SIZE + Long.numberOfLeadingZeros(lows[index] ^ low);
    }
    return common >= prefixes[index] ? IN_NETWORK + prefixes[index] : common;
  }

  private static int scope(boolean isIpv4, long high, long low) {
    if (isIpv4) {
      int address = (int) low;
      return Ipv4Address.isLinkLocal(address) || Ipv4Address.isLoopback(address)
          ? SCOPE_LINK
          : SCOPE_GLOBAL;
    }
    if (Ipv6Address.isMulticast(high)) {
      return (int) (high >>> 48) & 0xf;
    }
    return Ipv6Address.isLinkLocal(high) || Ipv6Address.isLoopback(high, low)
        ? SCOPE_LINK
        : SCOPE_GLOBAL;
  }

  /// Says whether an address reaches more than one host: multicast, the limited broadcast, or the
  /// broadcast address of a network that one of ours is in.
  public boolean isMultiDestination(boolean isIpv4, long high, long low) {
    return isMulticast(isIpv4, high, low) || (isIpv4 && isBroadcast((int) low));
  }

  private boolean isBroadcast(int address) {
    if (address == -1) {
      return true;
    }
    for (int i = 0; i < size; i++) {
      // RFC 3021: a network of two addresses has no broadcast.
      if (ipv4[i] && prefixes[i] > 0 && prefixes[i] < IPV4_BITS - 1) {
        int hostBits = -1 >>> prefixes[i];
        if (address == ((int) lows[i] | hostBits)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isMulticast(boolean isIpv4, long high, long low) {
    return isIpv4 ? Ipv4Address.isMulticast((int) low) : Ipv6Address.isMulticast(high);
  }

  public int size() {
    return size;
  }

  public boolean isIpv4(int index) {
    return ipv4[index];
  }

  public long high(int index) {
    return highs[index];
  }

  public long low(int index) {
    return lows[index];
  }

  public int prefixBits(int index) {
    return prefixes[index];
  }
}
