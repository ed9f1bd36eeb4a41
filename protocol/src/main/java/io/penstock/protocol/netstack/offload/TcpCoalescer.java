package io.penstock.protocol.netstack.offload;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import org.jspecify.annotations.Nullable;

/// Puts TCP segments that follow each other together into super packets: what generic receive
/// offload does in a kernel, for the packets of one read batch.
///
/// [#offer] takes packets in the order in which they came until [#isFull]; [#poll] then gives them
/// back in the order of their first bytes, merged where that loses nothing: a [Segmenter] would
/// make the same segments of it again. Two segments are merged when they are next to each other in
/// one flow and their headers say the same, in all but length, checksum, IPv4 identification, PSH
/// and FIN. Everything else passes through as it is, and nothing overtakes within a flow. The
/// checksum of a segment is verified before it is merged, as the sum of a merged packet is made
/// anew and would launder a broken one.
///
/// A merged packet is a copy in a buffer of its own that has `headroomBytes` in front and holds at
/// most 64 KiB; its checksum is partial. Holds what was offered and not polled, at most
/// `maxPackets` packets. Belongs to one thread.
public final class TcpCoalescer implements AutoCloseable {

  private final MergedSegments[] slots;
  private final IpPacket view = new IpPacket();
  private int offered;
  private int polled;

  /// A coalescer for batches of at most `maxPackets`.
  public TcpCoalescer(ByteBufAllocator allocator, int headroomBytes, int maxPackets) {
    slots = new MergedSegments[maxPackets];
    for (int i = 0; i < maxPackets; i++) {
      slots[i] = new MergedSegments(allocator, headroomBytes);
    }
  }

  /// Says whether no further packet is taken before all are polled.
  public boolean isFull() {
    return offered == slots.length;
  }

  /// Takes a packet that fills the readable bytes of `packet`, and the buffer with it. The batch
  /// before must have been polled to its end.
  public void offer(ByteBuf packet, PacketMeta meta) {
    if (isFull() || polled > 0) {
      packet.release();
      throw new IllegalStateException("the batch before is not polled to its end");
    }
    int hash = 0;
    boolean mergeable = false;
    if (!meta.isSuperPacket() && isTcp(packet)) {
      hash = hash();
      MergedSegments previous = latest(hash, packet);
      mergeable = MergedSegments.isMergeable(view, packet, meta);
      if (previous != null) {
        if (mergeable && previous.append(view, packet)) {
          return;
        }
        previous.end();
      }
    }
    slots[offered].begin(packet, meta, hash, view, mergeable);
    offered++;
  }

  private boolean isTcp(ByteBuf packet) {
    return view.parse(packet) == PacketFault.NONE
        && view.protocol() == IpProtocol.TCP
        && !view.isFragment();
  }

  /// The packet of this flow that came last, null if there is none in this batch.
  private @Nullable MergedSegments latest(int hash, ByteBuf packet) {
    for (int i = offered - 1; i >= 0; i--) {
      if (slots[i].hash() == hash && slots[i].isOfFlow(view, packet)) {
        return slots[i];
      }
    }
    return null;
  }

  /// A hash of the flow that is never 0, which stands for "no TCP".
  private int hash() {
    long addresses =
        view.sourceHigh() * 31 + view.sourceLow()
            ^ Long.rotateLeft(view.destinationHigh() * 31 + view.destinationLow(), 32);
    long ports = (long) view.sourcePort() << 16 | view.destinationPort();
    return Long.hashCode((addresses ^ ports) * 0x9e37_79b9_7f4a_7c15L) | 1;
  }

  /// The next packet, of which `meta` is set to say what is known; null when the batch is at its
  /// end and the next one may begin. The caller owns the packet.
  public @Nullable ByteBuf poll(PacketMeta meta) {
    if (polled == offered) {
      polled = 0;
      offered = 0;
      return null;
    }
    MergedSegments slot = slots[polled];
    polled++;
    return slot.take(meta);
  }

  /// Drops all that has not been polled. The object can be used again.
  @Override
  public void close() {
    while (polled < offered) {
      slots[polled].drop();
      polled++;
    }
    polled = 0;
    offered = 0;
  }
}
