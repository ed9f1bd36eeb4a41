package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import io.penstock.gateway.overlay.router.Sender.Crossing;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The packets on their way from one event loop to one other: a ring with one writer and one
/// reader, bounded in packets and in bytes.
///
/// No sender may have more packets in it than there are places left. So one that floods gets half
/// of the ring, two get a third each, and there is always room for those that send little.
final class PacketRing {

  private final int mask;
  private final long limitBytes;
  private final @Nullable ByteBuf[] packets;
  private final @Nullable Attached[] destinations;
  private final @Nullable Sender[] senders;
  private final @Nullable Crossing[] crossings;
  private final int[] flowHashes;
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong read = new AtomicLong();
  private final AtomicLong readBytes = new AtomicLong();
  private long writtenBytes;

  PacketRing(int places, int limitBytes) {
    this.mask = places - 1;
    this.limitBytes = limitBytes;
    packets = new ByteBuf[places];
    destinations = new Attached[places];
    senders = new Sender[places];
    crossings = new Crossing[places];
    flowHashes = new int[places];
  }

  /// Writes a packet; false, and the packet stays the caller's, when it must not.
  boolean offer(ByteBuf packet, Attached to, Sender sender, Crossing crossing, int flowHash) {
    long place = written.getPlain();
    long free = mask + 1 - (place - read.getAcquire());
    int bytes = packet.readableBytes();
    if (crossing.underway() >= free || writtenBytes + bytes - readBytes.getAcquire() > limitBytes) {
      return false;
    }
    int at = (int) place & mask;
    packets[at] = packet;
    destinations[at] = to;
    senders[at] = sender;
    crossings[at] = crossing;
    flowHashes[at] = flowHash;
    crossing.depart();
    writtenBytes += bytes;
    // A full fence: what is written here must be seen before the reader's flag is looked at.
    written.set(place + 1);
    return true;
  }

  /// Hands all packets that are there to the loop that reads.
  void drainTo(RouterLoop loop) {
    long end = written.get();
    long bytes = readBytes.getPlain();
    for (long place = read.getPlain(); place < end; place++) {
      int at = (int) place & mask;
      ByteBuf packet = Objects.requireNonNull(packets[at]);
      Attached to = Objects.requireNonNull(destinations[at]);
      Sender sender = Objects.requireNonNull(senders[at]);
      Objects.requireNonNull(crossings[at]).arrive();
      packets[at] = null;
      destinations[at] = null;
      senders[at] = null;
      crossings[at] = null;
      bytes += packet.readableBytes();
      readBytes.setRelease(bytes);
      read.setRelease(place + 1);
      loop.enqueue(to, sender, flowHashes[at], packet);
    }
  }
}
