package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// Something that takes its turn in a [Rotation]: the packets of one sender, or of one of its
/// flows.
abstract sealed class Turn permits SenderQueue, FlowQueue {

  /// The next in the list that the rotation has put this into.
  @Nullable Turn next;

  /// Whether it is in a list.
  boolean listed;

  /// What it may still send in this round; below 0 when a packet was larger than what was left.
  int creditBytes;

  /// Takes the next packet out, null when there is none.
  abstract @Nullable ByteBuf poll(long nowNanos);

  /// Called when it has left the rotation, empty.
  abstract void idle();
}
