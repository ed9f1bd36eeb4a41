package io.penstock.protocol.netstack;

import io.netty.buffer.ByteBuf;

/// Sees every packet of a stack, for a capture.
///
/// Called on the thread of the stack before it looks at the packet or gives it away; the buffer
/// stays the stack's and its indices must not be moved.
public interface PacketTap {

  /// Which way a packet goes.
  enum Direction {
    IN,
    OUT
  }

  void packet(Direction direction, ByteBuf packet, long nowNanos);
}
