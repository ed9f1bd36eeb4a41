package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What a connection waits for.
enum TcpTimer {
  /// When the tail of a flight is sent again to call forth an acknowledgment (RFC 8985 section 7);
  /// due before the timer that it postpones.
  LOSS_PROBE,
  /// When the first unacknowledged segment counts as lost (RFC 6298).
  RETRANSMIT,
  /// When a segment that others overtook counts as lost (RFC 8985 section 6.3).
  REORDER,
  /// When a closed window is probed, or a window too small is used all the same.
  PERSIST,
  /// When an acknowledgment can wait no longer.
  DELAYED_ACK,
  /// When the pace allows the next segment.
  PACING,
  /// When an idle peer is asked whether it lives.
  KEEP_ALIVE,
  /// When a handshake, or a connection that nobody owns any more, is given up.
  LIFETIME;

  private static final TcpTimer[] ALL = values();

  /// The deadlines of one connection.
  @SuppressWarnings("EnumOrdinal") // an array with a place for each timer
  static final class Table {

    private final long[] deadlines = new long[ALL.length];
    private long earliest = Deadlines.NONE;
    private boolean stale;

    Table() {
      Arrays.fill(deadlines, Deadlines.NONE);
    }

    void set(TcpTimer timer, long deadlineNanos) {
      long before = deadlines[timer.ordinal()];
      if (before == deadlineNanos) {
        return;
      }
      deadlines[timer.ordinal()] = deadlineNanos;
      if (before == earliest && before != Deadlines.NONE) {
        stale = true;
      } else if (!stale) {
        earliest = Deadlines.earlier(earliest, deadlineNanos);
      }
    }

    void clear(TcpTimer timer) {
      set(timer, Deadlines.NONE);
    }

    void clearAll() {
      Arrays.fill(deadlines, Deadlines.NONE);
      earliest = Deadlines.NONE;
      stale = false;
    }

    boolean isSet(TcpTimer timer) {
      return deadlines[timer.ordinal()] != Deadlines.NONE;
    }

    long deadline(TcpTimer timer) {
      return deadlines[timer.ordinal()];
    }

    /// The first timer that is due, which is cleared; null when none is.
    @Nullable TcpTimer takeDue(long nowNanos) {
      if (!Deadlines.isDue(earliest(), nowNanos)) {
        return null;
      }
      for (TcpTimer timer : ALL) {
        if (Deadlines.isDue(deadlines[timer.ordinal()], nowNanos)) {
          clear(timer);
          return timer;
        }
      }
      return null;
    }

    long earliest() {
      if (stale) {
        stale = false;
        earliest = Deadlines.NONE;
        for (long deadline : deadlines) {
          earliest = Deadlines.earlier(earliest, deadline);
        }
      }
      return earliest;
    }
  }
}
