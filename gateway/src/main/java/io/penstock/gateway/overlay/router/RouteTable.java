package io.penstock.gateway.overlay.router;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The host routes of the overlay at one moment: an immutable open-addressing table from address to
/// [RouteEntry].
///
/// Addresses are two `long` values; those of IPv4 have 0 as the first, which no IPv6 address that
/// can be leased has, so both families share the table. It is read by any number of loops without a
/// lock; a change is made on a copy, which then takes its place as a whole. Linear probing at a
/// load of at most one half; `(0, 0)` marks a free slot.
final class RouteTable {

  static final RouteTable EMPTY = new RouteTable(16);

  private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

  private final long[] keys;
  private final @Nullable RouteEntry[] entries;
  private int size;

  private RouteTable(int capacity) {
    keys = new long[2 * capacity];
    entries = new RouteEntry[capacity];
  }

  /// The entry of an address, null without one. Allocates nothing.
  @Nullable RouteEntry lookup(long high, long low) {
    return entries[slotOf(high, low)];
  }

  int size() {
    return size;
  }

  /// A table with one more entry, or with one replaced.
  RouteTable with(long high, long low, RouteEntry entry) {
    RouteTable copy = copy(size + 1);
    copy.put(high, low, entry);
    return copy;
  }

  /// A table without this address.
  RouteTable without(long high, long low) {
    int gone = slotOf(high, low);
    if (entries[gone] == null) {
      return this;
    }
    RouteTable copy = new RouteTable(entries.length);
    for (int slot = 0; slot < entries.length; slot++) {
      RouteEntry entry = entries[slot];
      if (entry != null && slot != gone) {
        copy.put(keys[2 * slot], keys[2 * slot + 1], entry);
      }
    }
    return copy;
  }

  /// A table in which the routes of a tunnel are on hold.
  RouteTable onHold(Attached tunnel) {
    RouteTable copy = copy(size);
    for (int slot = 0; slot < copy.entries.length; slot++) {
      RouteEntry entry = copy.entries[slot];
      if (entry != null && entry.tunnel() == tunnel) {
        copy.entries[slot] = entry.onHold();
      }
    }
    return copy;
  }

  void forEach(Consumer<RouteEntry> action) {
    for (RouteEntry entry : entries) {
      if (entry != null) {
        action.accept(entry);
      }
    }
  }

  private RouteTable copy(int room) {
    int capacity = entries.length;
    if (2 * room <= capacity) {
      RouteTable copy = new RouteTable(capacity);
      System.arraycopy(keys, 0, copy.keys, 0, keys.length);
      System.arraycopy(entries, 0, copy.entries, 0, capacity);
      copy.size = size;
      return copy;
    }
    RouteTable copy = new RouteTable(2 * capacity);
    for (int slot = 0; slot < capacity; slot++) {
      RouteEntry entry = entries[slot];
      if (entry != null) {
        copy.put(keys[2 * slot], keys[2 * slot + 1], entry);
      }
    }
    return copy;
  }

  private void put(long high, long low, RouteEntry entry) {
    int slot = slotOf(high, low);
    if (entries[slot] == null) {
      keys[2 * slot] = high;
      keys[2 * slot + 1] = low;
      size++;
    }
    entries[slot] = entry;
  }

  private int slotOf(long high, long low) {
    int mask = entries.length - 1;
    long mixed = (high * MIX ^ low) * MIX;
    int slot = (int) (mixed >>> 32) & mask;
    while (entries[slot] != null && (keys[2 * slot + 1] != low || keys[2 * slot] != high)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
