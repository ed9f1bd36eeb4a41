package io.penstock.protocol.netstack.tcp;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// Arrays that connections have given back, for the next connection that needs one: so those that
/// carry nothing hold none, and those that carry much allocate none.
///
/// At most [#MAX_SPARES] of each size are kept, of sizes up to [#MAX_SLOTS]; the rest is left to
/// the collector.
final class Spares<T> {

  /// Enough for the connections that start and stop within a burst of packets.
  static final int MAX_SPARES = 64;

  /// What a window of 1.4 MB of full segments needs.
  static final int MAX_SLOTS = 1_024;

  private final IntFunction<T> maker;
  private final List<ArrayDeque<T>> bySize = new ArrayList<>();

  /// @param maker makes an array, or some, with so many slots
  Spares(IntFunction<T> maker) {
    this.maker = maker;
    for (int slots = 1; slots <= MAX_SLOTS; slots *= 2) {
      bySize.add(new ArrayDeque<>());
    }
  }

  /// An array with a power of two of slots, whose content is whatever it was.
  T take(int slots) {
    if (slots > MAX_SLOTS) {
      return maker.apply(slots);
    }
    T spare = ofSize(slots).poll();
    return spare == null ? maker.apply(slots) : spare;
  }

  /// Gives an array back that was [taken][#take].
  void give(T spare, int slots) {
    if (slots <= MAX_SLOTS && ofSize(slots).size() < MAX_SPARES) {
      ofSize(slots).push(spare);
    }
  }

  private ArrayDeque<T> ofSize(int slots) {
    return bySize.get(Integer.numberOfTrailingZeros(slots));
  }
}
