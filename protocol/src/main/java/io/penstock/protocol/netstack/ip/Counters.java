package io.penstock.protocol.netstack.ip;

/// How often each of the constants of an enum has happened, counted without boxing.
public final class Counters<E extends Enum<E>> {

  private final long[] counts;

  public Counters(Class<E> type) {
    counts = new long[type.getEnumConstants().length];
  }

  /// Counts one more.
  public void add(E what) {
    counts[at(what)]++;
  }

  public long value(E what) {
    return counts[at(what)];
  }

  // The ordinal is an index that no other run and no reader ever sees.
  @SuppressWarnings("EnumOrdinal")
  private int at(E what) {
    return what.ordinal();
  }
}
