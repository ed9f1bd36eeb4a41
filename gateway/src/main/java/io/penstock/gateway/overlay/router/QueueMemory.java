package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What all queues of one event loop are made of: places for packets, and queues that are not in
/// use, so that a packet that waits allocates nothing.
///
/// A place has a number, 0 is none. Places and queues grow to the most that were ever in use at
/// once, which the byte bound of the loop limits.
final class QueueMemory {

  private static final int INITIAL_PLACES = 256;

  private final QueueConfig config;
  private final long delayTargetNanos;
  private final long delayIntervalNanos;
  private final LoopCounters counters;
  private final List<SenderQueue> freeSenderQueues = new ArrayList<>();
  private final List<FlowQueue> freeFlowQueues = new ArrayList<>();
  private @Nullable ByteBuf[] packets = new ByteBuf[INITIAL_PLACES];
  private long[] queuedAtNanos = new long[INITIAL_PLACES];
  private int[] heldBytes = new int[INITIAL_PLACES];
  private int[] next = new int[INITIAL_PLACES];
  private int freePlace;
  private int usedPlaces = 1;
  private long totalBytes;

  QueueMemory(QueueConfig config, LoopCounters counters) {
    this.config = config;
    this.delayTargetNanos = config.delayTarget().toNanos();
    this.delayIntervalNanos = config.delayInterval().toNanos();
    this.counters = counters;
  }

  int quantumBytes() {
    return config.quantumBytes();
  }

  long delayTargetNanos() {
    return delayTargetNanos;
  }

  long delayIntervalNanos() {
    return delayIntervalNanos;
  }

  LoopCounters counters() {
    return counters;
  }

  /// What one tunnel may have waiting now: less than its bound when all tunnels of the loop have
  /// much, so that who has little always finds room.
  long limitBytes() {
    return Math.min(config.tunnelQueueBytes(), config.loopQueueBytes() - totalBytes);
  }

  /// Takes a place for a packet that holds this many bytes of memory.
  int put(ByteBuf packet, int held, long nowNanos) {
    int place = freePlace;
    if (place != 0) {
      freePlace = next[place];
    } else {
      if (usedPlaces == packets.length) {
        grow();
      }
      place = usedPlaces++;
    }
    packets[place] = packet;
    heldBytes[place] = held;
    queuedAtNanos[place] = nowNanos;
    next[place] = 0;
    totalBytes += held;
    counters.add(LoopCounters.QUEUED_BYTES, held);
    return place;
  }

  /// Gives a place back and returns what was in it.
  ByteBuf take(int place) {
    ByteBuf packet = Objects.requireNonNull(packets[place]);
    packets[place] = null;
    next[place] = freePlace;
    freePlace = place;
    totalBytes -= heldBytes[place];
    counters.add(LoopCounters.QUEUED_BYTES, -heldBytes[place]);
    return packet;
  }

  int heldBytes(int place) {
    return heldBytes[place];
  }

  long queuedAtNanos(int place) {
    return queuedAtNanos[place];
  }

  int next(int place) {
    return next[place];
  }

  void link(int place, int following) {
    next[place] = following;
  }

  private void grow() {
    int places = 2 * packets.length;
    packets = Arrays.copyOf(packets, places);
    heldBytes = Arrays.copyOf(heldBytes, places);
    queuedAtNanos = Arrays.copyOf(queuedAtNanos, places);
    next = Arrays.copyOf(next, places);
  }

  SenderQueue senderQueue(TunnelQueue owner, Sender sender) {
    SenderQueue queue =
        freeSenderQueues.isEmpty() ? new SenderQueue(this) : freeSenderQueues.removeLast();
    queue.begin(owner, sender);
    return queue;
  }

  void free(SenderQueue queue) {
    freeSenderQueues.add(queue);
  }

  FlowQueue flowQueue(SenderQueue owner) {
    FlowQueue queue = freeFlowQueues.isEmpty() ? new FlowQueue(this) : freeFlowQueues.removeLast();
    queue.begin(owner);
    return queue;
  }

  void free(FlowQueue queue) {
    queue.reset();
    freeFlowQueues.add(queue);
  }
}
