package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;

/// How much memory a buffer keeps alive, which is what the bounds of all queues count.
///
/// A slice of one byte keeps its whole buffer, and a pooled buffer keeps the whole run that the
/// pool gave it, which may be longer than what was asked for.
public final class HeldMemory {

  /// About what the objects around a buffer cost; a queue of empty packets has a bound too.
  public static final int PER_BUFFER_BYTES = 64;

  /// How much more than its own length a packet may keep alive before it is worth a copy.
  private static final int WASTE_FACTOR = 2;

  private static final int WASTE_BYTES = 256;

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

  /// The same readable bytes in a buffer that is not much longer than they are: `packet` itself, or
  /// a copy in place of it when it keeps far more alive than it shows.
  ///
  /// For what is kept for a while. Takes `packet`; the caller owns the result, whose reader index
  /// may be another.
  public static ByteBuf compact(ByteBuf packet) {
    int length = packet.readableBytes();
    if (bytes(packet) <= WASTE_FACTOR * length + WASTE_BYTES + PER_BUFFER_BYTES) {
      return packet;
    }
    ByteBuf copy = packet.alloc().directBuffer(length, length);
    copy.writeBytes(packet, packet.readerIndex(), length);
    packet.release();
    return copy;
  }
}
