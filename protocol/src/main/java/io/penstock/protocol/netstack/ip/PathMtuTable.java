package io.penstock.protocol.netstack.ip;

import io.penstock.protocol.Bounds;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import java.util.Arrays;

/// How long a packet to each destination may be: the MTU of the link, unless a router on the way
/// has said less (RFC 1191 for IPv4, RFC 8201 for IPv6).
///
/// Only reports that the caller has matched to something that we sent belong here. What was learned
/// is forgotten after ten minutes, so that a path that has become better is found out, and never
/// goes below what hosts may count on. A report never raises an estimate. At most [#MAX_ENTRIES]
/// destinations are known (about 60 KiB), the one heard of longest ago gives way to a new one.
///
/// Nothing is allocated once the table has grown. One thread calls this, that of the stack.
public final class PathMtuTable {

  /// As many as a busy host has routes that are narrower than its link.
  public static final int MAX_ENTRIES = 1024;

  /// Every IPv4 host takes a packet this long (RFC 791 section 3.1); less only makes us slow, which
  /// is what a forged report wants.
  public static final int MIN_BYTES_4 = 576;

  /// Every IPv6 link carries a packet this long (RFC 8200 section 5).
  public static final int MIN_BYTES_6 = Ipv6Header.MIN_MTU_BYTES;

  /// RFC 1191 section 6.3 and RFC 8201 section 4: "recommended setting for this timer is 10
  /// minutes".
  static final long LIFETIME_NANOS = 600_000_000_000L;

  /// RFC 1191 section 7.1, from the first below the longest packet down to our least.
  private static final int[] PLATEAUS = {32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006};

  private final long secret;
  private final EntryTable table = new EntryTable(MAX_ENTRIES);
  private boolean[] ipv4 = new boolean[0];
  private long[] highs = new long[0];
  private long[] lows = new long[0];
  private long[] untilNanos = new long[0];
  private int[] mtus = new int[0];
  private int linkMtuBytes;

  /// A table that knows of nothing but the link.
  ///
  /// @param linkMtuBytes the longest packet that the link carries
  /// @param secret a random number that keeps others from choosing where their entries lie
  public PathMtuTable(int linkMtuBytes, long secret) {
    this.secret = secret;
    linkMtu(linkMtuBytes);
  }

  /// The longest packet that the link carries has changed.
  public void linkMtu(int bytes) {
    Bounds.requireBetween(
        "netstack.mtu_bytes", bytes, Ipv4Header.MIN_MTU_BYTES, Ipv4Header.MAX_PACKET_BYTES);
    linkMtuBytes = bytes;
  }

  public int linkMtu() {
    return linkMtuBytes;
  }

  /// The longest packet that may be sent to a destination.
  public int mtu(boolean isIpv4, long high, long low, long nowNanos) {
    if (table.size() == 0) {
      return linkMtuBytes;
    }
    int entry = find(isIpv4, high, low, hash(isIpv4, high, low));
    if (entry == EntryTable.NONE) {
      return linkMtuBytes;
    }
    if (Deadlines.isDue(untilNanos[entry], nowNanos)) {
      table.remove(entry);
      return linkMtuBytes;
    }
    return Math.min(mtus[entry], linkMtuBytes);
  }

  /// A router reports that only packets up to `mtuBytes` get to a destination; false when that is
  /// nothing new or cannot be.
  public boolean learn(boolean isIpv4, long high, long low, int mtuBytes, long nowNanos) {
    // RFC 8201 section 4: a report of less than the least of IPv6 is discarded.
    if (mtuBytes < (isIpv4 ? 0 : MIN_BYTES_6)) {
      return false;
    }
    int learned = isIpv4 ? Math.max(mtuBytes, MIN_BYTES_4) : mtuBytes;
    if (learned >= mtu(isIpv4, high, low, nowNanos)) {
      return false;
    }
    int hash = hash(isIpv4, high, low);
    int entry = find(isIpv4, high, low, hash);
    if (entry == EntryTable.NONE) {
      entry = add(isIpv4, high, low, hash);
    } else {
      table.touch(entry);
    }
    mtus[entry] = learned;
    untilNanos[entry] = Deadlines.after(nowNanos, LIFETIME_NANOS);
    return true;
  }

  private int add(boolean isIpv4, long high, long low, int hash) {
    if (table.isFull()) {
      table.remove(table.oldest());
    }
    int entry = table.add(hash);
    if (entry >= mtus.length) {
      grow(Math.max(16, 2 * mtus.length));
    }
    ipv4[entry] = isIpv4;
    highs[entry] = high;
    lows[entry] = low;
    return entry;
  }

  private void grow(int entries) {
    ipv4 = Arrays.copyOf(ipv4, entries);
    highs = Arrays.copyOf(highs, entries);
    lows = Arrays.copyOf(lows, entries);
    untilNanos = Arrays.copyOf(untilNanos, entries);
    mtus = Arrays.copyOf(mtus, entries);
  }

  private int find(boolean isIpv4, long high, long low, int hash) {
    int entry = table.first(hash);
    while (entry != EntryTable.NONE
        && (lows[entry] != low || highs[entry] != high || ipv4[entry] != isIpv4)) {
      entry = table.next(entry);
    }
    return entry;
  }

  private int hash(boolean isIpv4, long high, long low) {
    return EntryTable.hash(secret, high, low, isIpv4 ? 4 : 6);
  }

  /// How many destinations are known, those included whose time is over.
  public int size() {
    return table.size();
  }

  /// What to try after a packet of this length was too long for a router that does not say what
  /// would fit: the next of the MTUs that links commonly have (RFC 1191 section 5).
  public static int plateauBelow(int packetBytes) {
    for (int plateau : PLATEAUS) {
      if (plateau < packetBytes) {
        return plateau;
      }
    }
    return MIN_BYTES_4;
  }
}
