package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// Deficit round robin with a preference for newcomers (RFC 8290 section 4.2).
///
/// Who joins is served before those that have had their first round, and gets one quantum of that;
/// then he waits in the list of the old. A newcomer that runs empty goes through the list of the
/// old once before he may be new again, so that nobody gains by sending in drops.
final class Rotation {

  private final int quantumBytes;
  private @Nullable Turn newHead;
  private @Nullable Turn newTail;
  private @Nullable Turn oldHead;
  private @Nullable Turn oldTail;

  Rotation(int quantumBytes) {
    this.quantumBytes = quantumBytes;
  }

  /// Lets someone take part who has packets; does nothing when he already does.
  void join(Turn turn) {
    if (!turn.listed) {
      turn.listed = true;
      turn.creditBytes = quantumBytes;
      appendNew(turn);
    }
  }

  /// Takes out the packet whose turn it is, null when there is none.
  @Nullable ByteBuf poll(long nowNanos) {
    while (true) {
      boolean isNew = newHead != null;
      Turn turn = isNew ? newHead : oldHead;
      if (turn == null) {
        return null;
      }
      if (turn.creditBytes <= 0) {
        turn.creditBytes += quantumBytes;
        removeHead(isNew);
        appendOld(turn);
        continue;
      }
      ByteBuf packet = turn.poll(nowNanos);
      if (packet != null) {
        turn.creditBytes -= packet.readableBytes();
        return packet;
      }
      removeHead(isNew);
      if (isNew && oldHead != null) {
        appendOld(turn);
      } else {
        turn.listed = false;
        turn.idle();
      }
    }
  }

  private void appendNew(Turn turn) {
    if (newTail == null) {
      newHead = turn;
    } else {
      newTail.next = turn;
    }
    newTail = turn;
  }

  private void appendOld(Turn turn) {
    if (oldTail == null) {
      oldHead = turn;
    } else {
      oldTail.next = turn;
    }
    oldTail = turn;
  }

  private void removeHead(boolean isNew) {
    Turn head = isNew ? newHead : oldHead;
    Turn next = head == null ? null : head.next;
    if (head != null) {
      head.next = null;
    }
    if (isNew) {
      newHead = next;
      newTail = next == null ? null : newTail;
    } else {
      oldHead = next;
      oldTail = next == null ? null : oldTail;
    }
  }
}
