package io.penstock.transport.netstack.socket;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.HeldMemory;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/// The received bytes of a connection on their way from the event loop to threads that read: an
/// [Intake] of buffers, read as a stream.
///
/// **Threads.** [#add], [#answered] and [#end] are for the event loop, [#read] for any thread but
/// that, the rest for any.
final class ReceivedBytes {

  private final Ending ending;
  private final Intake<ByteBuf> intake;
  private final AtomicInteger unread = new AtomicInteger();

  /// Only whoever has the turn to read looks at it.
  private boolean endRead;

  /// @param markBytes how many of them may wait before no more is asked for
  /// @param request asks the event loop for more; called on any thread
  ReceivedBytes(BooleanSupplier onEventLoop, int markBytes, Runnable request, Ending ending) {
    this.ending = ending;
    intake = new Intake<>(onEventLoop, HeldMemory::bytes, markBytes, request, this::discard);
  }

  private void discard(ByteBuf bytes) {
    unread.addAndGet(-bytes.readableBytes());
    bytes.release();
  }

  // ---- the event loop ----

  /// Takes bytes, and owns the buffer.
  void add(ByteBuf bytes) {
    ByteBuf kept = HeldMemory.compact(bytes);
    unread.addAndGet(kept.readableBytes());
    intake.add(kept);
  }

  /// All that is there now has been added.
  void answered() {
    intake.answered();
  }

  /// Nothing more will come; the [Ending] says why.
  void end() {
    intake.end();
  }

  // ---- a thread that reads ----

  /// Reads as [java.io.InputStream#read(byte[], int, int)] does, `length` being positive.
  ///
  /// @param timeoutMillis how long it may take, 0 for as long as it takes
  int read(byte[] to, int offset, int length, int timeoutMillis) throws IOException {
    long deadlineNanos = Gate.deadlineNanos(timeoutMillis);
    if (!intake.enter(deadlineNanos)) {
      throw new SocketTimeoutException("Read timed out");
    }
    try {
      if (endRead) {
        return -1;
      }
      boolean timely = intake.await(() -> false, deadlineNanos);
      ending.requireOpen();
      if (!timely) {
        throw new SocketTimeoutException("Read timed out");
      }
      int bytes = copy(to, offset, length);
      return bytes > 0 ? bytes : readEnd();
    } finally {
      intake.exit();
    }
  }

  private int copy(byte[] to, int offset, int length) {
    int copied = 0;
    for (ByteBuf head = intake.head(); head != null && copied < length; head = intake.head()) {
      int bytes = Math.min(head.readableBytes(), length - copied);
      head.readBytes(to, offset + copied, bytes);
      copied += bytes;
      if (!head.isReadable()) {
        releaseHead();
      }
    }
    unread.addAndGet(-copied);
    return copied;
  }

  /// Unless the socket was closed meanwhile: then it is still there, to be discarded.
  private void releaseHead() {
    ByteBuf read = intake.poll();
    if (read != null) {
      read.release();
    }
  }

  private int readEnd() throws IOException {
    ending.requireOpen();
    if (!intake.isClosed()) {
      ending.requireOrderly();
    }
    endRead = true;
    return -1;
  }

  // ---- any thread ----

  /// How many bytes can be read without waiting.
  int available() throws SocketException {
    ending.requireOpen();
    return intake.isClosed() ? 0 : unread.get();
  }

  int unread() {
    return unread.get();
  }

  /// Asks for the first bytes.
  void ask() {
    intake.ask();
  }

  /// Drops what is unread, and what still comes; whoever reads is told of an end.
  void close() {
    intake.close();
  }

  boolean isClosed() {
    return intake.isClosed();
  }

  int mark() {
    return intake.mark();
  }

  void setMark(int bytes) {
    intake.setMark(bytes);
  }
}
