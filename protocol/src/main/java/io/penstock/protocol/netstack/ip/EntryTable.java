package io.penstock.protocol.netstack.ip;

import io.penstock.protocol.Bounds;
import java.util.Arrays;

/// The bookkeeping of a bounded hash table whose keys and values its owner keeps, in arrays under
/// the numbers that this gives out.
///
/// An entry is a number from 0 up, one that was given back before a new one, so that the owner's
/// arrays grow no further than the most entries there ever were at once. To look one up, walk from
/// [#first] along [#next] and compare keys. Entries are also kept in the order in which they were
/// added or [touched][#touch], for tables in which the oldest has to go. Nothing is allocated
/// except when the table grows to twice its size.
///
/// [#hash] takes a secret of the stack, so that nobody outside can choose keys that fall together.
public final class EntryTable {

  /// No entry.
  public static final int NONE = -1;

  private static final int FIRST_ENTRIES = 16;
  private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

  private final int maxEntries;
  private int[] heads = new int[FIRST_ENTRIES];
  private int[] hashes = new int[FIRST_ENTRIES];
  private int[] next = new int[FIRST_ENTRIES];
  private int[] older = new int[FIRST_ENTRIES];
  private int[] younger = new int[FIRST_ENTRIES];
  private int oldest = NONE;
  private int youngest = NONE;
  private int free = NONE;
  private int used;
  private int size;

  /// An empty table of at most so many entries.
  public EntryTable(int maxEntries) {
    Bounds.requireBetween("netstack.table_entries", maxEntries, 1, 1 << 24);
    this.maxEntries = maxEntries;
    Arrays.fill(heads, NONE);
  }

  /// Mixes the numbers of a key with a secret.
  public static int hash(long secret, long a, long b, long c) {
    long mixed = (a ^ secret) * MIX;
    mixed = (mixed ^ (mixed >>> 32) ^ b) * MIX;
    mixed = (mixed ^ (mixed >>> 29) ^ c) * MIX;
    mixed = (mixed ^ (mixed >>> 32) ^ secret) * MIX;
    return (int) (mixed >>> 32);
  }

  /// Adds an entry, the youngest; [#NONE] when the table is full.
  public int add(int hash) {
    if (size == maxEntries) {
      return NONE;
    }
    int entry = free;
    if (entry != NONE) {
      free = next[entry];
    } else {
      if (used == hashes.length) {
        grow();
      }
      entry = used++;
    }
    hashes[entry] = hash;
    link(entry);
    append(entry);
    size++;
    return entry;
  }

  /// Takes an entry out; its number will be given out again.
  public void remove(int entry) {
    int slot = hashes[entry] & (heads.length - 1);
    if (heads[slot] == entry) {
      heads[slot] = next[entry];
    } else {
      int before = heads[slot];
      while (next[before] != entry) {
        before = next[before];
      }
      next[before] = next[entry];
    }
    unlinkAge(entry);
    next[entry] = free;
    free = entry;
    size--;
  }

  /// Makes an entry the youngest.
  public void touch(int entry) {
    unlinkAge(entry);
    append(entry);
  }

  /// The first entry that may have a key of this hash, or [#NONE].
  public int first(int hash) {
    return matching(heads[hash & (heads.length - 1)], hash);
  }

  /// The next entry with the same hash, or [#NONE].
  public int next(int entry) {
    return matching(next[entry], hashes[entry]);
  }

  /// The entry that was added or touched longest ago, or [#NONE].
  public int oldest() {
    return oldest;
  }

  /// The entry that was added or touched next after this one, or [#NONE].
  public int younger(int entry) {
    return younger[entry];
  }

  public int size() {
    return size;
  }

  /// Says whether [#add] would fail.
  public boolean isFull() {
    return size == maxEntries;
  }

  private int matching(int from, int hash) {
    int entry = from;
    while (entry != NONE && hashes[entry] != hash) {
      entry = next[entry];
    }
    return entry;
  }

  private void link(int entry) {
    int slot = hashes[entry] & (heads.length - 1);
    next[entry] = heads[slot];
    heads[slot] = entry;
  }

  private void append(int entry) {
    older[entry] = youngest;
    younger[entry] = NONE;
    if (youngest == NONE) {
      oldest = entry;
    } else {
      younger[youngest] = entry;
    }
    youngest = entry;
  }

  private void unlinkAge(int entry) {
    if (older[entry] == NONE) {
      oldest = younger[entry];
    } else {
      younger[older[entry]] = younger[entry];
    }
    if (younger[entry] == NONE) {
      youngest = older[entry];
    } else {
      older[younger[entry]] = older[entry];
    }
  }

  /// Called only when no entry is free, so that all of them can be linked anew.
  private void grow() {
    int entries = Math.min(maxEntries, hashes.length * 2);
    hashes = Arrays.copyOf(hashes, entries);
    next = Arrays.copyOf(next, entries);
    older = Arrays.copyOf(older, entries);
    younger = Arrays.copyOf(younger, entries);
    // the least power of two that is not less
    heads = new int[Integer.highestOneBit(entries - 1) << 1];
    Arrays.fill(heads, NONE);
    for (int entry = 0; entry < used; entry++) {
      link(entry);
    }
  }
}
