package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Bounds;
import org.jspecify.annotations.Nullable;

/// The packets that some part of the stack has built and that wait to go out: replies, resets, ICMP
/// messages, UDP datagrams.
///
/// First in, first out, bounded by the memory that the packets really hold ([HeldMemory]); when it
/// is full the newest packet is dropped and counted, which every protocol above IP survives. TCP
/// segments with data do not come through here: they are built when the link asks for one.
///
/// Each packet that [#allocate] made has free space in front of it, where a driver writes the
/// header of its link without a copy. A ring of references grows to what is needed and is never
/// given back; in steady state nothing is allocated. One thread calls this, that of the stack.
public final class OutputQueue {

  private static final int FIRST_SLOTS = 16;

  private final ByteBufAllocator allocator;
  private final int headroomBytes;
  private final int maxBytes;
  private @Nullable ByteBuf[] packets = new ByteBuf[FIRST_SLOTS];
  private int[] charges = new int[FIRST_SLOTS];
  private int head;
  private int count;
  private int heldBytes;
  private long dropped;
  private boolean closed;

  /// An empty queue.
  ///
  /// @param headroomBytes the free space in front of each packet
  /// @param maxBytes the most memory that waiting packets may hold
  public OutputQueue(ByteBufAllocator allocator, int headroomBytes, int maxBytes) {
    Bounds.requireBetween("netstack.headroom_bytes", headroomBytes, 0, 4096);
    Bounds.requireBetween("netstack.output_queue_bytes", maxBytes, 1, Integer.MAX_VALUE / 2);
    this.allocator = allocator;
    this.headroomBytes = headroomBytes;
    this.maxBytes = maxBytes;
  }

  /// A new buffer for a packet of at most `bytes` bytes, empty, with the headroom in front of its
  /// reader and writer index. The caller owns it; it need not end in this queue.
  public ByteBuf allocate(int bytes) {
    int capacity = headroomBytes + bytes;
    return allocator.directBuffer(capacity, capacity).setIndex(headroomBytes, headroomBytes);
  }

  /// Takes a packet; false when the queue was full or closed, and the packet has been dropped.
  public boolean offer(ByteBuf packet) {
    int charge = HeldMemory.bytes(packet);
    if (closed || charge > maxBytes - heldBytes) {
      packet.release();
      dropped++;
      return false;
    }
    if (count == packets.length) {
      grow();
    }
    int at = (head + count) & (packets.length - 1);
    packets[at] = packet;
    charges[at] = charge;
    count++;
    heldBytes += charge;
    return true;
  }

  /// The packet that has waited longest, which the caller owns now; null when none waits.
  public @Nullable ByteBuf poll() {
    if (count == 0) {
      return null;
    }
    ByteBuf packet = packets[head];
    packets[head] = null;
    heldBytes -= charges[head];
    head = (head + 1) & (packets.length - 1);
    count--;
    return packet;
  }

  private void grow() {
    @Nullable ByteBuf[] wider = new ByteBuf[packets.length * 2];
    int[] widerCharges = new int[wider.length];
    for (int i = 0; i < count; i++) {
      int at = (head + i) & (packets.length - 1);
      wider[i] = packets[at];
      widerCharges[i] = charges[at];
    }
    packets = wider;
    charges = widerCharges;
    head = 0;
  }

  /// Releases what waits; whatever is offered later is dropped.
  public void close() {
    closed = true;
    for (ByteBuf packet = poll(); packet != null; packet = poll()) {
      packet.release();
    }
  }

  public boolean isEmpty() {
    return count == 0;
  }

  /// How many packets wait.
  public int size() {
    return count;
  }

  /// How much memory the waiting packets hold.
  public int heldBytes() {
    return heldBytes;
  }

  /// How much memory they may hold at most.
  public int maxBytes() {
    return maxBytes;
  }

  /// The free space in front of each packet.
  public int headroomBytes() {
    return headroomBytes;
  }

  /// How many packets have been dropped because the queue was full or closed.
  public long droppedPackets() {
    return dropped;
  }
}
