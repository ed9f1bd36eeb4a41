package io.penstock.protocol.smux;

import io.penstock.protocol.Deadlines;
import java.util.Arrays;

/// The timers of one session.
enum SmuxTimer {
  /// When the next NOP is sent.
  KEEPALIVE_SEND,
  /// When a silent peer is given up.
  KEEPALIVE_TIMEOUT,
  /// When a full receive bucket costs the largest holder its stream.
  STALL,
  /// When the stream that was closed first stops waiting for the peer to take its last bytes.
  LINGER,
  /// When a clean shutdown stops waiting.
  SHUTDOWN;

  private static final int COUNT = values().length;

  /// The deadline of each timer, [Deadlines#NONE] where it is not armed.
  static final class Table {

    private final long[] deadlines = new long[COUNT];

    Table() {
      cancelAll();
    }

    void set(SmuxTimer timer, long deadlineNanos) {
      deadlines[index(timer)] = deadlineNanos;
    }

    void cancel(SmuxTimer timer) {
      deadlines[index(timer)] = Deadlines.NONE;
    }

    void cancelAll() {
      Arrays.fill(deadlines, Deadlines.NONE);
    }

    boolean isArmed(SmuxTimer timer) {
      return deadlines[index(timer)] != Deadlines.NONE;
    }

    boolean isDue(SmuxTimer timer, long nowNanos) {
      return Deadlines.isDue(deadlines[index(timer)], nowNanos);
    }

    long deadline(SmuxTimer timer) {
      return deadlines[index(timer)];
    }

    @SuppressWarnings("EnumOrdinal") // the order means nothing outside of this table
    private static int index(SmuxTimer timer) {
      return timer.ordinal();
    }

    long next() {
      long next = Deadlines.NONE;
      for (long deadline : deadlines) {
        next = Deadlines.earlier(next, deadline);
      }
      return next;
    }
  }
}
