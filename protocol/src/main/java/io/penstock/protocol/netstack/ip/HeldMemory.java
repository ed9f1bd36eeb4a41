package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;

/// How much memory a buffer keeps alive, which is what the bounds of all queues count.
///
/// A slice of one byte keeps its whole buffer, and a pooled buffer keeps the whole run that the
/// pool gave it, which may be longer than what was asked for.
public final class HeldMemory {

  /// About what the objects around a buffer cost; a queue of empty packets has a bound too.
  public static final int PER_BUFFER_BYTES = 64;

  private HeldMemory() {}

  /// What is held by holding this buffer.
  public static int bytes(ByteBuf buffer) {
    ByteBuf root = buffer;
    for (ByteBuf below = root.unwrap(); below != null; below = root.unwrap()) {
      root = below;
    }
    int held = Math.max(root.capacity(), root.writerIndex() + root.maxFastWritableBytes());
    return held + PER_BUFFER_BYTES;
  }
}
