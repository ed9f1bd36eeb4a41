package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What waits for one tunnel: FQ-CoDel (RFC 8290) over the senders, and for each over its flows.
///
/// Every sender has the same share while it has packets, however many it sends and over however
/// many flows. When there is too much, the sender that holds the most loses its oldest packets. A
/// packet counts as the memory that it really holds, and one that holds much more than it needs is
/// copied. Used on the tunnel's loop alone.
///
/// An idle queue holds next to nothing; its parts come from the [QueueMemory] of the loop.
final class TunnelQueue {

  private static final int INITIAL_CHAINS = 4;

  /// An idle queue keeps a table of up to this size, and gives a larger one back.
  private static final int KEPT_CHAINS = 16;

  /// A buffer may be this much larger than its packet, besides twice the packet's length.
  private static final int TOLERATED_BYTES = 512;

  private final QueueMemory memory;
  private final Rotation rotation;
  private @Nullable SenderQueue @Nullable [] chains;
  private int senders;
  private long bytes;

  TunnelQueue(QueueMemory memory) {
    this.memory = memory;
    this.rotation = new Rotation(memory.quantumBytes());
  }

  /// What it holds.
  long bytes() {
    return bytes;
  }

  /// Takes a packet; others, or this one, may be dropped for it.
  void offer(Sender sender, int flowHash, ByteBuf packet, long nowNanos) {
    ByteBuf compact = packet;
    int held = heldBytes(packet);
    if (held > 2 * packet.readableBytes() + TOLERATED_BYTES) {
      compact = packet.alloc().directBuffer(packet.readableBytes()).writeBytes(packet);
      packet.release();
      held = compact.capacity();
    }
    SenderQueue queue = queueOf(sender);
    queue.offer(flowHash, memory.put(compact, held, nowNanos));
    bytes += held;
    rotation.join(queue);
    while (bytes > memory.limitBytes() && bytes > 0) {
      fattest().dropFromFattest();
    }
  }

  private static int heldBytes(ByteBuf packet) {
    ByteBuf root = packet;
    for (ByteBuf inner = root.unwrap(); inner != null; inner = root.unwrap()) {
      root = inner;
    }
    return root.capacity();
  }

  /// Takes out the packet whose turn it is, null when there is none.
  @Nullable ByteBuf poll(long nowNanos) {
    return rotation.poll(nowNanos);
  }

  /// Drops everything.
  void clear(DropReason reason) {
    if (chains != null) {
      for (SenderQueue chain : chains) {
        for (SenderQueue queue = chain; queue != null; queue = queue.chained) {
          queue.clear(reason);
        }
      }
    }
    // What is empty leaves the rotation when it is its turn.
    ByteBuf none = rotation.poll(0);
    assert none == null;
  }

  /// Called by a sender's queue that lets a packet go.
  void shrunkBy(int heldBytes) {
    bytes -= heldBytes;
  }

  private SenderQueue queueOf(Sender sender) {
    @Nullable SenderQueue[] table = table();
    int chain = sender.hash() & (table.length - 1);
    for (SenderQueue queue = table[chain]; queue != null; queue = queue.chained) {
      if (queue.sender() == sender) {
        return queue;
      }
    }
    SenderQueue queue = memory.senderQueue(this, sender);
    queue.chained = table[chain];
    table[chain] = queue;
    senders++;
    return queue;
  }

  private @Nullable SenderQueue[] table() {
    @Nullable SenderQueue[] old = chains;
    if (old == null) {
      old = new SenderQueue[INITIAL_CHAINS];
      chains = old;
    }
    if (senders < old.length) {
      return old;
    }
    @Nullable SenderQueue[] grown = new SenderQueue[4 * old.length];
    for (SenderQueue chain : old) {
      SenderQueue queue = chain;
      while (queue != null) {
        SenderQueue following = queue.chained;
        int to = queue.sender().hash() & (grown.length - 1);
        queue.chained = grown[to];
        grown[to] = queue;
        queue = following;
      }
    }
    chains = grown;
    return grown;
  }

  /// Called by a sender's queue that has run empty, before it is used for another.
  void left(SenderQueue gone) {
    @Nullable SenderQueue[] table = Objects.requireNonNull(chains);
    int chain = gone.sender().hash() & (table.length - 1);
    SenderQueue before = null;
    for (SenderQueue queue = table[chain]; queue != gone; queue = queue.chained) {
      before = Objects.requireNonNull(queue);
    }
    if (before == null) {
      table[chain] = gone.chained;
    } else {
      before.chained = gone.chained;
    }
    gone.chained = null;
    senders--;
    if (senders == 0 && table.length > KEPT_CHAINS) {
      chains = null;
    }
  }

  private SenderQueue fattest() {
    SenderQueue fattest = null;
    for (SenderQueue chain : Objects.requireNonNull(chains)) {
      for (SenderQueue queue = chain; queue != null; queue = queue.chained) {
        if (fattest == null || queue.bytes() > fattest.bytes()) {
          fattest = queue;
        }
      }
    }
    return Objects.requireNonNull(fattest);
  }
}
