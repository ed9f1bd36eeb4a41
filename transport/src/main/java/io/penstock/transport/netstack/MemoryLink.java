package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.protocol.Bounds;
import io.penstock.protocol.netstack.ip.LinkTraits;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One end of a link between two stacks of this process.
///
/// Packets cross from one event loop to the other in batches, one task for each. What is on its way
/// is bounded by `maxQueuedBytes` and one packet; then the sender waits until the other end has
/// taken a batch. Nothing is ever lost or put in another order. With the traits of a link that
/// offloads, super packets cross whole and no TCP checksum is made or compared.
public final class MemoryLink implements Link {

  /// Both ends of a link.
  public record Pair(MemoryLink first, MemoryLink second) {}

  /// A few turns of an event loop at 1 Gbit/s.
  public static final int DEFAULT_MAX_QUEUED_BYTES = 1024 * 1024;

  private final EventLoop loop;
  private final LinkTraits traits;
  private final int maxQueuedBytes;
  private final AtomicInteger queuedBytes = new AtomicInteger();
  private final AtomicBoolean roomWanted = new AtomicBoolean();
  private @Nullable MemoryLink peer;
  private @Nullable LinkReceiver receiver;
  private List<ByteBuf> batch = new ArrayList<>();
  private int batchBytes;

  private MemoryLink(EventLoop loop, LinkTraits traits, int maxQueuedBytes) {
    this.loop = loop;
    this.traits = traits;
    this.maxQueuedBytes = maxQueuedBytes;
  }

  /// Makes a link whose ends live on these event loops, which may be one.
  public static Pair pair(EventLoop first, EventLoop second, LinkTraits traits) {
    return pair(first, second, traits, DEFAULT_MAX_QUEUED_BYTES);
  }

  /// As above.
  ///
  /// @param maxQueuedBytes what may be on its way in each direction, by the size of the buffers
  public static Pair pair(
      EventLoop first, EventLoop second, LinkTraits traits, int maxQueuedBytes) {
    Bounds.requireAtLeast("memory link maxQueuedBytes", maxQueuedBytes, 1);
    MemoryLink one = new MemoryLink(first, traits, maxQueuedBytes);
    MemoryLink other = new MemoryLink(second, traits, maxQueuedBytes);
    one.peer = other;
    other.peer = one;
    return new Pair(one, other);
  }

  @Override
  public EventLoop eventLoop() {
    return loop;
  }

  @Override
  public LinkTraits traits() {
    return traits;
  }

  @Override
  public void start(LinkReceiver to) {
    receiver = to;
  }

  @Override
  public boolean isWritable() {
    if (hasRoom()) {
      return true;
    }
    roomWanted.set(true);
    // The other end may have taken a batch between the two looks, and not have seen the wish.
    return hasRoom();
  }

  private boolean hasRoom() {
    return queuedBytes.get() + batchBytes < maxQueuedBytes;
  }

  @Override
  public void send(ByteBuf packet, int segmentBytes) {
    assert loop.inEventLoop();
    if (receiver == null) {
      packet.release();
      return;
    }
    batch.add(packet);
    batchBytes += packet.capacity();
  }

  @Override
  public void flush() {
    MemoryLink to = peer;
    if (batch.isEmpty() || to == null) {
      return;
    }
    List<ByteBuf> sent = batch;
    int bytes = batchBytes;
    batch = new ArrayList<>(sent.size());
    batchBytes = 0;
    queuedBytes.addAndGet(bytes);
    try {
      to.loop.execute(() -> to.take(sent, bytes));
    } catch (RejectedExecutionException _) {
      // The other event loop has ended; to us that is a wire without an end.
      sent.forEach(ByteBuf::release);
      queuedBytes.addAndGet(-bytes);
    }
  }

  /// Takes a batch of the other end.
  private void take(List<ByteBuf> packets, int bytes) {
    for (ByteBuf packet : packets) {
      LinkReceiver to = receiver;
      if (to == null) {
        packet.release();
      } else {
        to.packet(packet, traits.checksumOffload());
      }
    }
    if (peer != null) {
      peer.taken(bytes);
    }
    if (receiver != null) {
      receiver.batchEnd();
    }
  }

  /// The other end has taken that much of ours; called on its event loop.
  private void taken(int bytes) {
    queuedBytes.addAndGet(-bytes);
    if (roomWanted.compareAndSet(true, false)) {
      try {
        loop.execute(this::tellWritable);
      } catch (RejectedExecutionException _) {
        // Nobody waits for room on an event loop that has ended.
      }
    }
  }

  private void tellWritable() {
    if (receiver != null) {
      receiver.writable();
    }
  }

  @Override
  public void close() {
    receiver = null;
    batch.forEach(ByteBuf::release);
    batch.clear();
    batchBytes = 0;
  }
}
