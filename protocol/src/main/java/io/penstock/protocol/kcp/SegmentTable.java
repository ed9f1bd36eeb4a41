package io.penstock.protocol.kcp;

import org.jspecify.annotations.Nullable;

/// A table of consecutive segment numbers that slides along and grows when it must.
///
/// It starts small, because an idle session should cost little, and never shrinks. The numbers in
/// use at one time must span less than its owner's bound; they may wrap.
final class SegmentTable<T> {

  private static final int INITIAL_SLOTS = 16;

  private @Nullable Object[] slots = new @Nullable Object[INITIAL_SLOTS];

  /// Returns what is stored under `sn`, where `from` is the lowest number in use.
  @SuppressWarnings("unchecked")
  @Nullable T get(int from, int sn) {
    return sn - from < slots.length ? (T) slots[sn & (slots.length - 1)] : null;
  }

  /// Stores `value` under `sn`, where `from` is the lowest number in use.
  void put(int from, int sn, T value) {
    if (sn - from >= slots.length) {
      grow(from, sn);
    }
    slots[sn & (slots.length - 1)] = value;
  }

  @Nullable T remove(int from, int sn) {
    T value = get(from, sn);
    if (value != null) {
      slots[sn & (slots.length - 1)] = null;
    }
    return value;
  }

  private void grow(int from, int sn) {
    int size = Integer.highestOneBit(sn - from) << 1;
    @Nullable Object[] larger = new @Nullable Object[size];
    for (int i = 0; i < slots.length; i++) {
      int number = from + i;
      larger[number & (size - 1)] = slots[number & (slots.length - 1)];
    }
    slots = larger;
  }
}
