package io.penstock.protocol.codervpn;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// What waits to be handed out, in order, with a bound.
final class Outbox {

  private final int maxBytes;
  private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
  private long heldBytes;
  private long added;
  private long taken;
  private boolean broken;

  Outbox(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /// Whether so much more may wait; one message may always, be it ever so large.
  boolean hasRoomFor(int bytes) {
    return waiting.isEmpty() || heldBytes + bytes <= maxBytes;
  }

  /// Whether there is less than the bound, so that a reply may be added.
  boolean hasRoom() {
    return heldBytes < maxBytes;
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /// Takes the buffer, whatever there is.
  void add(ByteBuf bytes) {
    if (broken) {
      bytes.release();
      return;
    }
    added++;
    heldBytes += bytes.readableBytes();
    waiting.add(bytes);
  }

  /// Returns the next buffer, which the caller owns, or null.
  @Nullable ByteBuf poll() {
    ByteBuf next = waiting.poll();
    if (next != null) {
      taken++;
      heldBytes -= next.readableBytes();
    }
    return next;
  }

  /// How many buffers were ever added.
  long added() {
    return added;
  }

  /// How many buffers were ever handed out.
  long taken() {
    return taken;
  }

  /// Whether nothing can be handed out any more.
  boolean isBroken() {
    return broken;
  }

  /// Drops all, and from now on everything that is added.
  void breakOff() {
    release();
    broken = true;
  }

  /// Drops all.
  void release() {
    waiting.forEach(ByteBuf::release);
    waiting.clear();
    heldBytes = 0;
  }
}
