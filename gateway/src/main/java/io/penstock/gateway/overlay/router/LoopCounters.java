package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.icmp.IcmpError;
import java.util.concurrent.atomic.AtomicLongArray;

/// What one event loop of the router has counted: written by that loop alone, without a fence, and
/// read by any thread.
final class LoopCounters {

  static final int RECEIVED_PACKETS = 0;
  static final int RECEIVED_BYTES = 1;
  static final int SENT_PACKETS = 2;
  static final int SENT_BYTES = 3;
  static final int CONGESTION_MARKS = 4;
  static final int ICMP_SUPPRESSED = 5;
  static final int QUEUED_BYTES = 6;
  private static final int DROPS = 7;
  private static final int ERRORS = DROPS + DropReason.values().length;
  private static final int SIZE = ERRORS + IcmpError.values().length;

  private final AtomicLongArray values = new AtomicLongArray(SIZE);

  void add(int counter, long amount) {
    values.setOpaque(counter, values.getPlain(counter) + amount);
  }

  /// Counts a packet that goes no further, and releases it.
  void drop(ByteBuf packet, DropReason reason) {
    packet.release();
    add(at(reason), 1);
  }

  /// Counts a packet that is already gone.
  void dropped(DropReason reason) {
    add(at(reason), 1);
  }

  void reported(IcmpError error) {
    add(at(error), 1);
  }

  // The ordinal is an index that no other run and no reader ever sees.
  @SuppressWarnings("EnumOrdinal")
  private static int at(DropReason reason) {
    return DROPS + reason.ordinal();
  }

  @SuppressWarnings("EnumOrdinal")
  private static int at(IcmpError error) {
    return ERRORS + error.ordinal();
  }

  long value(int counter) {
    return values.getOpaque(counter);
  }

  long drops(DropReason reason) {
    return value(at(reason));
  }

  long reports(IcmpError error) {
    return value(at(error));
  }
}
