package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The packets of one sender for one tunnel, fairly divided between its flows.
///
/// A sender has few places for flows, and flows that fall on the same place share it: that is
/// between flows of one node. Nothing that a sender does moves it into the place of another sender.
final class SenderQueue extends Turn {

  private static final int FLOWS = 8;

  /// RFC 8290 section 4.1.3: how many packets go at once when there is too much.
  private static final int MAX_BATCH = 64;

  private final QueueMemory memory;
  private final Rotation rotation;
  private final @Nullable FlowQueue[] flows = new FlowQueue[FLOWS];
  private @Nullable TunnelQueue owner;
  private @Nullable Sender sender;
  private long bytes;

  /// The next one whose sender has the same place in the tunnel's table.
  @Nullable SenderQueue chained;

  SenderQueue(QueueMemory memory) {
    this.memory = memory;
    this.rotation = new Rotation(memory.quantumBytes());
  }

  void begin(TunnelQueue newOwner, Sender newSender) {
    owner = newOwner;
    sender = newSender;
  }

  Sender sender() {
    return Objects.requireNonNull(sender);
  }

  long bytes() {
    return bytes;
  }

  void offer(int flowHash, int place) {
    int index = flowHash & (FLOWS - 1);
    FlowQueue flow = flows[index];
    if (flow == null) {
      flow = memory.flowQueue(this);
      flows[index] = flow;
    }
    bytes += memory.heldBytes(place);
    flow.offer(place);
    rotation.join(flow);
  }

  @Override
  @Nullable ByteBuf poll(long nowNanos) {
    return rotation.poll(nowNanos);
  }

  /// Drops the oldest packets of the flow that holds the most: up to half of it.
  void dropFromFattest() {
    FlowQueue fattest = null;
    for (FlowQueue flow : flows) {
      if (flow != null && (fattest == null || flow.bytes() > fattest.bytes())) {
        fattest = flow;
      }
    }
    if (fattest == null) {
      return;
    }
    long before = fattest.bytes();
    for (int i = 0; i < MAX_BATCH && fattest.bytes() > before / 2; i++) {
      memory.counters().drop(fattest.takeOldest(), DropReason.QUEUE_FULL);
    }
  }

  /// Drops everything.
  void clear(DropReason reason) {
    for (FlowQueue flow : flows) {
      while (flow != null && flow.bytes() > 0) {
        memory.counters().drop(flow.takeOldest(), reason);
      }
    }
  }

  /// Called by a flow that lets a packet go.
  void shrunkBy(int heldBytes) {
    bytes -= heldBytes;
    Objects.requireNonNull(owner).shrunkBy(heldBytes);
  }

  @Override
  void idle() {
    for (int i = 0; i < FLOWS; i++) {
      FlowQueue flow = flows[i];
      if (flow != null) {
        memory.free(flow);
        flows[i] = null;
      }
    }
    Objects.requireNonNull(owner).left(this);
    owner = null;
    sender = null;
    memory.free(this);
  }
}
