package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.TcpCoalescer;
import org.jspecify.annotations.Nullable;

/// The packets that go over a [TunLink] in one turn of the event loop, with the TCP segments of a
/// flow put together where the device takes that: one system call then, and one walk through the
/// kernel's stack, brings up to 64 KiB.
///
/// All go at the end of the turn in which they came, so that none waits for another, and before
/// that whenever [#MAX_HELD_BYTES] or [#MAX_HELD_PACKETS] are together. Within a flow nothing
/// overtakes. What the kernel could not have told apart from what was sent is not merged, see
/// [TcpCoalescer]; UDP passes one by one.
///
/// Event loop only.
public final class TunBatch implements AutoCloseable {

  /// Four of the largest super packets: more would save little and leave the processor's caches.
  public static final int MAX_HELD_BYTES = 256 * 1024;

  /// Packets that have merged count as one.
  public static final int MAX_HELD_PACKETS = 64;

  private final EventLoop loop;
  private final TunLink link;
  private final Runnable refused;
  private final @Nullable TcpCoalescer coalescer;
  private final PacketMeta meta = new PacketMeta();
  private final Runnable endOfTurn = this::endTurn;
  private int heldBytes;
  private boolean endQueued;

  /// @param link stays the caller's
  /// @param refused is called for each packet that the link does not take
  public TunBatch(EventLoop loop, TunLink link, ByteBufAllocator allocator, Runnable refused) {
    this.loop = loop;
    this.link = link;
    this.refused = refused;
    coalescer =
        link.device().offload() == TunOffload.NONE
            ? null
            : new TcpCoalescer(allocator, TunLink.HEADROOM_BYTES, MAX_HELD_PACKETS);
  }

  /// Takes a packet, of which `about` says what is known, as [TunLink#send] does.
  public void send(ByteBuf packet, PacketMeta about) {
    if (coalescer == null) {
      write(packet, about);
      return;
    }
    heldBytes += packet.readableBytes();
    coalescer.offer(packet, about);
    if (heldBytes >= MAX_HELD_BYTES || coalescer.isFull()) {
      flush(coalescer);
    } else if (!endQueued) {
      endQueued = true;
      loop.execute(endOfTurn);
    }
  }

  private void endTurn() {
    endQueued = false;
    if (coalescer != null) {
      flush(coalescer);
    }
  }

  private void flush(TcpCoalescer held) {
    heldBytes = 0;
    for (ByteBuf next = held.poll(meta); next != null; next = held.poll(meta)) {
      write(next, meta);
    }
  }

  private void write(ByteBuf packet, PacketMeta about) {
    if (!link.send(packet, about)) {
      refused.run();
    }
  }

  /// Drops what has not gone.
  @Override
  public void close() {
    if (coalescer != null) {
      coalescer.close();
    }
  }
}
