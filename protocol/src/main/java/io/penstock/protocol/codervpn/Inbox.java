package io.penstock.protocol.codervpn;

import com.google.protobuf.Message;
import java.util.ArrayDeque;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The messages that have come and wait for their turn, and the one whose turn it is.
final class Inbox<R extends Message> {

  /// What a waiting message takes beside the bytes of its frame, roughly.
  private static final int OVERHEAD_BYTES = 256;

  /// No message has its turn.
  static final long NO_TICKET = 0;

  private record Waiting<R>(R message, int bytes) {}

  private final int maxBytes;
  private final ArrayDeque<Waiting<R>> waiting = new ArrayDeque<>();
  private long heldBytes;
  private long tickets;
  private @Nullable R current;

  Inbox(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  void add(R message, int frameBytes) {
    waiting.add(new Waiting<>(message, frameBytes + OVERHEAD_BYTES));
    heldBytes += frameBytes + OVERHEAD_BYTES;
  }

  /// Whether more may come.
  boolean hasRoom() {
    return heldBytes < maxBytes;
  }

  /// Makes the next message the current one; null when there is none.
  ///
  /// @throws IllegalStateException when there is a current one
  @Nullable R next() {
    if (current != null) {
      throw new IllegalStateException("a message is being handled");
    }
    Waiting<R> next = waiting.poll();
    if (next == null) {
      return null;
    }
    heldBytes -= next.bytes;
    tickets++;
    current = next.message;
    return current;
  }

  /// The message that is being handled, or null.
  @Nullable R current() {
    return current;
  }

  /// The ticket of the message that is being handled, or [#NO_TICKET].
  long ticket() {
    return current == null ? NO_TICKET : tickets;
  }

  /// Whether one of those that wait is such a message.
  boolean holds(Predicate<R> such) {
    return waiting.stream().anyMatch(one -> such.test(one.message));
  }

  /// The current message is done.
  void done() {
    current = null;
  }

  /// Whether there is nothing that waits or is being handled.
  boolean isIdle() {
    return current == null && waiting.isEmpty();
  }

  void clear() {
    waiting.clear();
    heldBytes = 0;
    current = null;
  }
}
