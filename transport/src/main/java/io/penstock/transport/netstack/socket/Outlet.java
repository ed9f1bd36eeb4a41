package io.penstock.transport.netstack.socket;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.ip.HeldMemory;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// What threads that block write for an event loop.
///
/// **Credit.** At most a limit of bytes is on its way: handed over here and not yet said to be
/// [#taken]. A thread that writes more waits. Bytes are copied, so the caller's array is free when
/// the call returns.
///
/// **Threads.** Threads take turns in [#write]. The event loop is asked once for all that has been
/// handed over since it last looked; it calls [#begin], then [#next] until there is nothing left,
/// and [#taken] when the stack has a piece. [#close] is for any thread. The event loop never waits
/// for a thread.
final class Outlet {

  /// What goes in one piece: enough to be worth the way, little against any limit.
  private static final int MAX_PIECE_BYTES = 32 * 1024;

  /// Less room than this is not worth a piece of a long write.
  private static final int MIN_PIECE_BYTES = 2 * 1024;

  private final Queue<byte[]> handed = new ConcurrentLinkedQueue<>();
  private final AtomicInteger onItsWay = new AtomicInteger();
  private final AtomicBoolean asked = new AtomicBoolean();
  private final Turns turns = new Turns();
  private final Gate gate;
  private final Runnable request;
  private volatile int limit;
  private volatile boolean open = true;

  /// @param limit how many bytes may be on their way
  /// @param request asks the event loop to fetch what was handed over; called on any thread
  Outlet(BooleanSupplier onEventLoop, int limit, Runnable request) {
    gate = new Gate(onEventLoop);
    this.limit = limit;
    this.request = request;
  }

  // ---- a thread that writes ----

  /// Hands bytes over, and waits while too many are on their way.
  ///
  /// @return false when nothing is taken any more; some of the bytes may have been
  boolean write(byte[] from, int offset, int length) throws InterruptedIOException {
    turns.take(Deadlines.NONE);
    try {
      int done = 0;
      while (done < length) {
        int left = length - done;
        if (room() < Math.min(charge(left), MIN_PIECE_BYTES)) {
          gate.await(() -> !open || isHalfFree(), Deadlines.NONE);
        }
        if (!open) {
          return false;
        }
        int start = offset + done;
        int bytes = Math.min(left, pieceBytes());
        hand(Arrays.copyOfRange(from, start, start + bytes));
        done += bytes;
      }
      return open;
    } finally {
      turns.end();
    }
  }

  private int room() {
    return limit - onItsWay.get();
  }

  /// When a thread that had to wait goes on, so that it is not woken for each piece.
  private boolean isHalfFree() {
    return room() >= limit / 2;
  }

  private int pieceBytes() {
    return Math.clamp(room() - HeldMemory.PER_BUFFER_BYTES, 1, MAX_PIECE_BYTES);
  }

  private void hand(byte[] piece) {
    onItsWay.addAndGet(charge(piece.length));
    handed.add(piece);
    if (asked.compareAndSet(false, true)) {
      request.run();
    }
  }

  private static int charge(int bytes) {
    return bytes + HeldMemory.PER_BUFFER_BYTES;
  }

  // ---- any thread ----

  void setLimit(int bytes) {
    limit = bytes;
    gate.open();
  }

  int limit() {
    return limit;
  }

  /// Takes nothing more and wakes who waits; what was handed over can still be fetched.
  void close() {
    open = false;
    gate.open();
  }

  // ---- the event loop ----

  /// Begins to fetch: what is handed over from now on is asked for anew.
  void begin() {
    asked.set(false);
  }

  /// The next piece; null when there is none. When it has left the caller says [#taken].
  byte @Nullable [] next() {
    return handed.poll();
  }

  /// A piece of that many bytes has left.
  void taken(int bytes) {
    onItsWay.addAndGet(-charge(bytes));
    if (isHalfFree()) {
      gate.open();
    }
  }
}
