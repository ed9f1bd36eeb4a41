package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The router's part on one event loop: what comes over from other loops, and which tunnels have
/// something to send.
///
/// All work is done in one task per batch: the first packet of a burst, or the first that crosses
/// over, asks the loop to [#run] when it is through with what it does; what comes until then is in
/// the same batch. The clock is read once for a batch. Only [#wake], [#openInbound] and [#counters]
/// may be used from other threads.
final class RouterLoop implements Runnable {

  private final int index;
  private final Executor executor;
  private final LongSupplier nanoClock;
  private final QueueConfig config;
  private final LoopCounters counters = new LoopCounters();
  private final QueueMemory memory;
  private final Sender self;
  private final Forwarder forwarder;
  private final AtomicBoolean awake = new AtomicBoolean();
  private volatile @Nullable PacketRing[] inbound = new PacketRing[0];
  private @Nullable PacketRing[] outbound = new PacketRing[0];
  private @Nullable Attached busyHead;
  private @Nullable Attached busyTail;
  private boolean inBatch;
  private long nowNanos;

  RouterLoop(Router router, int index, Executor executor, LongSupplier nanoClock) {
    this.index = index;
    this.executor = executor;
    this.nanoClock = nanoClock;
    this.config = router.config().queues();
    this.memory = new QueueMemory(config, counters);
    this.self = router.newSender();
    this.forwarder = new Forwarder(router, this);
  }

  Executor executor() {
    return executor;
  }

  LoopCounters counters() {
    return counters;
  }

  QueueMemory memory() {
    return memory;
  }

  Forwarder forwarder() {
    return forwarder;
  }

  /// The router itself as a sender, for the ICMP errors it makes on this loop.
  Sender self() {
    return self;
  }

  /// The time of the current batch, which begins now if there is none.
  long batchNanos() {
    if (!inBatch) {
      inBatch = true;
      nowNanos = nanoClock.getAsLong();
      wake();
    }
    return nowNanos;
  }

  /// Brings a packet to its destination's queue, here or on another loop.
  void handOver(Attached to, Sender sender, int flowHash, ByteBuf packet) {
    RouterLoop other = to.loop();
    if (other == this) {
      enqueue(to, sender, flowHash, packet);
      return;
    }
    PacketRing ring = ringTo(other);
    if (ring.offer(packet, to, sender, sender.crossingTo(other.index), flowHash)) {
      other.wake();
    } else {
      counters.drop(packet, DropReason.CROSSING_FULL);
    }
  }

  /// Puts a packet into the queue of a tunnel of this loop.
  void enqueue(Attached to, Sender sender, int flowHash, ByteBuf packet) {
    to.enqueue(sender, flowHash, packet, batchNanos());
    markBusy(to);
  }

  /// Notes that a tunnel of this loop can send again.
  void hasWork(Attached tunnel) {
    markBusy(tunnel);
    wake();
  }

  private void markBusy(Attached tunnel) {
    if (tunnel.busy) {
      return;
    }
    tunnel.busy = true;
    if (busyTail == null) {
      busyHead = tunnel;
    } else {
      busyTail.nextBusy = tunnel;
    }
    busyTail = tunnel;
  }

  /// Asks for a [#run] unless one is due.
  void wake() {
    if (!awake.get() && awake.compareAndSet(false, true)) {
      try {
        executor.execute(this);
      } catch (RejectedExecutionException e) {
        // The loop has ended, and its tunnels with it: what is left goes when the router is closed.
        awake.set(false);
      }
    }
  }

  /// Takes over what has come from other loops, and lets the tunnels send.
  @Override
  public void run() {
    awake.set(false);
    nowNanos = nanoClock.getAsLong();
    inBatch = true;
    takeInbound();
    for (Attached tunnel = nextBusy(); tunnel != null; tunnel = nextBusy()) {
      tunnel.drain(nowNanos);
    }
    inBatch = false;
  }

  private @Nullable Attached nextBusy() {
    Attached tunnel = busyHead;
    if (tunnel != null) {
      busyHead = tunnel.nextBusy;
      busyTail = busyHead == null ? null : busyTail;
      tunnel.nextBusy = null;
      tunnel.busy = false;
    }
    return tunnel;
  }

  private void takeInbound() {
    for (PacketRing ring : inbound) {
      if (ring != null) {
        ring.drainTo(this);
      }
    }
  }

  /// Drops all that has come from other loops; on the loop, or when it is gone.
  void abandonInbound() {
    nowNanos = nanoClock.getAsLong();
    inBatch = true;
    takeInbound();
    inBatch = false;
  }

  private PacketRing ringTo(RouterLoop other) {
    if (other.index >= outbound.length) {
      outbound = Arrays.copyOf(outbound, other.index + 1);
    }
    PacketRing ring = outbound[other.index];
    if (ring == null) {
      ring = other.openInbound(index);
      outbound[other.index] = ring;
    }
    return ring;
  }

  /// Makes the ring by which another loop reaches this one; called once by each.
  private synchronized PacketRing openInbound(int from) {
    PacketRing ring = new PacketRing(config.crossingPackets(), config.crossingBytes());
    @Nullable PacketRing[] rings = Arrays.copyOf(inbound, Math.max(inbound.length, from + 1));
    rings[from] = ring;
    inbound = rings;
    return ring;
  }
}
