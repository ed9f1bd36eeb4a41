package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The packets of one flow, in order, kept short by CoDel (RFC 8289).
///
/// When packets have waited longer than the target for a whole interval, one is dropped, and then
/// more and more often until the wait is below the target. Where the ends know ECN the packet is
/// marked and not dropped.
final class FlowQueue extends Turn {

  /// RFC 8289 section 5.5: how long the last rate of drops is remembered, in intervals.
  private static final int MEMORY_INTERVALS = 16;

  private final QueueMemory memory;
  private @Nullable SenderQueue owner;
  private int head;
  private int tail;
  private long bytes;
  private boolean dropping;
  private boolean above;
  private long aboveSinceNanos;
  private long dropNextNanos;
  private int drops;
  private int dropsBefore;

  FlowQueue(QueueMemory memory) {
    this.memory = memory;
  }

  void begin(SenderQueue newOwner) {
    owner = newOwner;
  }

  /// What it holds.
  long bytes() {
    return bytes;
  }

  void offer(int place) {
    if (tail == 0) {
      head = place;
    } else {
      memory.link(tail, place);
    }
    tail = place;
    bytes += memory.heldBytes(place);
  }

  /// Takes out the oldest packet without a look at its age; there must be one.
  ByteBuf takeOldest() {
    int place = head;
    head = memory.next(place);
    tail = head == 0 ? 0 : tail;
    int held = memory.heldBytes(place);
    bytes -= held;
    Objects.requireNonNull(owner).shrunkBy(held);
    return memory.take(place);
  }

  @Override
  @Nullable ByteBuf poll(long nowNanos) {
    boolean late = headIsLate(nowNanos);
    if (head == 0) {
      dropping = false;
      return null;
    }
    ByteBuf packet = takeOldest();
    if (!dropping) {
      return late ? startDropping(packet, nowNanos) : packet;
    }
    if (!late) {
      dropping = false;
      return packet;
    }
    while (dropping && nowNanos - dropNextNanos >= 0) {
      drops++;
      if (mark(packet)) {
        dropNextNanos += spacingNanos();
        return packet;
      }
      memory.counters().drop(packet, DropReason.QUEUE_DELAY);
      dropping = headIsLate(nowNanos);
      if (head == 0) {
        return null;
      }
      packet = takeOldest();
      dropNextNanos += dropping ? spacingNanos() : 0;
    }
    return packet;
  }

  private @Nullable ByteBuf startDropping(ByteBuf packet, long nowNanos) {
    dropping = true;
    int recent = drops - dropsBefore;
    boolean remembered = nowNanos - dropNextNanos < MEMORY_INTERVALS * memory.delayIntervalNanos();
    drops = recent > 1 && remembered ? recent : 1;
    dropsBefore = drops;
    dropNextNanos = nowNanos + spacingNanos();
    if (mark(packet)) {
      return packet;
    }
    memory.counters().drop(packet, DropReason.QUEUE_DELAY);
    if (head == 0) {
      return null;
    }
    // As in RFC 8289 the next one goes out, but its age counts for the state.
    boolean _ = headIsLate(nowNanos);
    return takeOldest();
  }

  /// Looks at the oldest packet and notes since when the wait is above the target.
  private boolean headIsLate(long nowNanos) {
    if (head == 0) {
      above = false;
      return false;
    }
    long waited = nowNanos - memory.queuedAtNanos(head);
    long behind = bytes - memory.heldBytes(head);
    if (waited < memory.delayTargetNanos() || behind < memory.quantumBytes()) {
      above = false;
      return false;
    }
    if (!above) {
      above = true;
      aboveSinceNanos = nowNanos;
      return false;
    }
    return nowNanos - aboveSinceNanos >= memory.delayIntervalNanos();
  }

  private long spacingNanos() {
    return (long) (memory.delayIntervalNanos() / Math.sqrt(drops));
  }

  private boolean mark(ByteBuf packet) {
    int at = packet.readerIndex();
    boolean marked =
        Ipv4Header.version(packet, at) == 4
            ? Ipv4Header.markCongestion(packet, at)
            : Ipv6Header.markCongestion(packet, at);
    if (marked) {
      memory.counters().add(LoopCounters.CONGESTION_MARKS, 1);
    }
    return marked;
  }

  @Override
  void idle() {
    // It stays with its sender, and so does what CoDel remembers.
  }

  /// Makes it as new; it must be empty.
  void reset() {
    owner = null;
    dropping = false;
    above = false;
    drops = 0;
    dropsBefore = 0;
    dropNextNanos = 0;
  }
}
