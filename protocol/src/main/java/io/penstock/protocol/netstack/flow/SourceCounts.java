package io.penstock.protocol.netstack.flow;

import io.penstock.protocol.netstack.ip.EntryTable;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Arrays;

/// How many pending flows each source address has.
final class SourceCounts {

  /// The source has as many as it may have.
  static final int TOO_MANY = -1;

  private final EntryTable table;
  private final int maxPerSource;
  private final long secret;
  private boolean[] ipv4 = new boolean[0];
  private long[] highs = new long[0];
  private long[] lows = new long[0];
  private int[] counts = new int[0];

  SourceCounts(int maxSources, int maxPerSource, long secret) {
    this.table = new EntryTable(maxSources);
    this.maxPerSource = maxPerSource;
    this.secret = secret;
  }

  /// Counts one more of the source of this packet; returns what to [#release], or [#TOO_MANY].
  int acquire(IpPacket view) {
    int hash = EntryTable.hash(secret, view.sourceHigh(), view.sourceLow(), view.isIpv4() ? 4 : 6);
    int entry = table.first(hash);
    while (entry != EntryTable.NONE && !isOf(entry, view)) {
      entry = table.next(entry);
    }
    if (entry == EntryTable.NONE) {
      entry = add(hash, view);
    }
    if (counts[entry] == maxPerSource) {
      return TOO_MANY;
    }
    counts[entry]++;
    return entry;
  }

  private boolean isOf(int entry, IpPacket view) {
    return lows[entry] == view.sourceLow()
        && highs[entry] == view.sourceHigh()
        && ipv4[entry] == view.isIpv4();
  }

  private int add(int hash, IpPacket view) {
    int entry = table.add(hash);
    if (entry >= counts.length) {
      int entries = Math.max(16, 2 * counts.length);
      ipv4 = Arrays.copyOf(ipv4, entries);
      highs = Arrays.copyOf(highs, entries);
      lows = Arrays.copyOf(lows, entries);
      counts = Arrays.copyOf(counts, entries);
    }
    ipv4[entry] = view.isIpv4();
    highs[entry] = view.sourceHigh();
    lows[entry] = view.sourceLow();
    counts[entry] = 0;
    return entry;
  }

  void release(int entry) {
    if (--counts[entry] == 0) {
      table.remove(entry);
    }
  }
}
