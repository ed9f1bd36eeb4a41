package io.penstock.transport.netstack.socket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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

  private final Queue<ByteBuf> handed = new ConcurrentLinkedQueue<>();
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
        gate.await(() -> !open || hasRoomFor(left), Deadlines.NONE);
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

  /// Waits for half of the limit rather than for each byte, when more than that is to go.
  private boolean hasRoomFor(int bytes) {
    int room = limit - onItsWay.get();
    return room >= Math.min(charge(bytes), limit / 2);
  }

  private int pieceBytes() {
    int room = limit - onItsWay.get() - HeldMemory.PER_BUFFER_BYTES;
    return Math.clamp(room, 1, MAX_PIECE_BYTES);
  }

  private void hand(byte[] piece) {
    onItsWay.addAndGet(charge(piece.length));
    handed.add(Unpooled.wrappedBuffer(piece));
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

  /// The next piece; null when there is none. The caller releases it, and calls [#taken].
  @Nullable ByteBuf next() {
    return handed.poll();
  }

  /// A piece of that many bytes has left.
  void taken(int bytes) {
    onItsWay.addAndGet(-charge(bytes));
    gate.open();
  }
}
