package io.penstock.testkit;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// The functions by which a [SimulatedNetwork] drives whatever speaks at one end of a link.
public interface SimulatedEndpoint {

  /// What [#nextDeadlineNanos] says when there is no deadline.
  long NO_DEADLINE = Long.MAX_VALUE;

  /// Takes a datagram and owns it.
  void receive(ByteBuf datagram, long nowNanos);

  /// Returns the next datagram to send, or null when there is none.
  @Nullable ByteBuf transmit(long nowNanos);

  /// Returns when [#onDeadline] wants to be called, or [#NO_DEADLINE].
  long nextDeadlineNanos();

  void onDeadline(long nowNanos);

  /// Called after each of the above, before the next datagram is fetched: here a test reads what
  /// has come and writes more. Returns whether it did anything.
  default boolean work(long nowNanos) {
    return false;
  }
}
