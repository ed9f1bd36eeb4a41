package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Deadlines;
import org.jspecify.annotations.Nullable;

/// One segment on its way to the peer: its data and the history of its transmissions.
///
/// The sender reuses these objects. `data` is null once the segment is acknowledged.
final class OutSegment {

  /// Why a segment is sent.
  enum Cause {
    FIRST,
    /// Enough later segments were acknowledged.
    FAST,
    /// A later segment was acknowledged, and too few are out or can be sent for more to follow.
    EARLY,
    TIMEOUT
  }

  int sn;
  @Nullable ByteBuf data;

  /// How often it was sent.
  int transmissions;

  /// How many later segments have been acknowledged since it was last sent.
  int overtaken;

  /// The time that its last transmission carries, and the same on the driver's clock.
  int ts;

  long sentNanos;

  long rtoNanos;
  long resendNanos = Deadlines.NONE;

  /// Neighbours among the segments that are in flight and not acknowledged.
  @Nullable OutSegment previous;

  @Nullable OutSegment next;

  void reset() {
    data = null;
    transmissions = 0;
    overtaken = 0;
    resendNanos = Deadlines.NONE;
    previous = null;
    next = null;
  }
}
