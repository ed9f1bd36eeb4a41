package io.penstock.node.device;

import org.jspecify.annotations.Nullable;

/// Whose tally an address adds to: a table that is filled by one thread, then published and only
/// read.
///
/// An address is its two halves, an IPv4 address the low 32 bits of the second. Open addressing, at
/// most half full, so that a lookup ends within a few steps and allocates nothing.
final class PeerAddresses {

  private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

  private final long[] keys;
  private final @Nullable PeerTally[] tallies;
  private final int mask;

  /// @param count the addresses that will be put, at most
  PeerAddresses(int count) {
    int places = Math.max(2, Integer.highestOneBit(count) << 2);
    keys = new long[2 * places];
    tallies = new PeerTally[places];
    mask = places - 1;
  }

  /// Puts an address; of one that is put twice the last tally counts.
  void put(long high, long low, PeerTally tally) {
    int place = place(high, low);
    keys[2 * place] = high;
    keys[2 * place + 1] = low;
    tallies[place] = tally;
  }

  /// The tally of an address, null when there is none.
  @Nullable PeerTally find(long high, long low) {
    return tallies[place(high, low)];
  }

  /// Where the address is, or would be.
  private int place(long high, long low) {
    long hash = (high * 31 + low) * MIX;
    int place = (int) (hash >>> 32) & mask;
    while (tallies[place] != null && (keys[2 * place] != high || keys[2 * place + 1] != low)) {
      place = place + 1 & mask;
    }
    return place;
  }
}
