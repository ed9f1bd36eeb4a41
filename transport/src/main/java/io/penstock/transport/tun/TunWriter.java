package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.Segmentation;
import io.penstock.protocol.netstack.offload.Segmenter;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.io.IOException;
import java.util.ArrayDeque;

/// The way out of a [TunLink]: puts packets into the form that the device takes, writes them, and
/// keeps those that must wait in a queue with a bound.
final class TunWriter implements AutoCloseable {

  private final TunDevice device;
  private final ByteBufAllocator allocator;
  private final int maxQueuedBytes;
  private final Segmenter segmenter;
  private final PacketMeta segmentMeta = new PacketMeta();
  private final ArrayDeque<ByteBuf> queue = new ArrayDeque<>();
  private int queuedBytes;
  private long packets;
  private long bytes;
  private long malformed;
  private long full;
  private long down;
  private long refused;

  TunWriter(TunDevice device, ByteBufAllocator allocator, int maxQueuedBytes) {
    this.device = device;
    this.allocator = allocator;
    this.maxQueuedBytes = maxQueuedBytes;
    this.segmenter = new Segmenter(allocator, TunLink.HEADROOM_BYTES);
    segmentMeta.setVerified();
  }

  /// Sends a packet, which it takes; false when it, or a part of it, was dropped.
  boolean send(ByteBuf packet, PacketMeta meta) throws IOException {
    if (!meta.fits(packet.readableBytes())) {
      packet.release();
      malformed++;
      return false;
    }
    if (takes(meta)) {
      return sendOne(packet, meta);
    }
    if (segmenter.start(packet, meta) != PacketFault.NONE) {
      malformed++;
      return false;
    }
    boolean all = true;
    try {
      for (ByteBuf next = segmenter.next(); next != null; next = segmenter.next()) {
        all &= sendOne(next, segmentMeta);
      }
    } finally {
      segmenter.close();
    }
    return all;
  }

  /// Says whether the device takes such a packet as it is.
  private boolean takes(PacketMeta meta) {
    return switch (device.offload()) {
      case NONE -> meta.isComplete();
      case TCP -> meta.segmentation() != Segmentation.UDP;
      case TCP_AND_UDP -> true;
    };
  }

  private boolean sendOne(ByteBuf packet, PacketMeta meta) throws IOException {
    ByteBuf raw = withRoom(packet);
    int header = device.headerBytes();
    if (header > 0) {
      int at = raw.readerIndex();
      VirtioNetHeader.write(raw, at - header, at, meta);
      raw.readerIndex(at - header);
    }
    if (!queue.isEmpty()) {
      return enqueue(raw);
    }
    boolean done = false;
    try {
      TunDevice.Written written = device.write(raw);
      done = written == TunDevice.Written.LATER;
      return done ? enqueue(raw) : count(written, raw.readableBytes());
    } finally {
      if (!done) {
        raw.release();
      }
    }
  }

  /// The packet in one piece of direct memory, with the device's header in front of it.
  private ByteBuf withRoom(ByteBuf packet) {
    boolean fits =
        packet.readerIndex() >= device.headerBytes()
            && packet.isDirect()
            && packet.nioBufferCount() == 1
            && !packet.isReadOnly();
    if (fits) {
      return packet;
    }
    int at = TunLink.HEADROOM_BYTES;
    ByteBuf copy = allocator.directBuffer(at + packet.readableBytes());
    copy.setIndex(at, at);
    copy.writeBytes(packet, packet.readerIndex(), packet.readableBytes());
    packet.release();
    return copy;
  }

  private boolean enqueue(ByteBuf raw) {
    if (queuedBytes + raw.capacity() > maxQueuedBytes) {
      raw.release();
      full++;
      return false;
    }
    queuedBytes += raw.capacity();
    queue.add(raw);
    return true;
  }

  private boolean count(TunDevice.Written written, int rawBytes) {
    switch (written) {
      case YES -> {
        packets++;
        bytes += rawBytes - device.headerBytes();
      }
      case DOWN -> down++;
      case REFUSED -> refused++;
      case LATER -> throw new AssertionError("still to be written");
    }
    return written == TunDevice.Written.YES;
  }

  /// Writes what waits, until the kernel takes no more or a turn's share is used up.
  void flush() throws IOException {
    int share = TunReader.MAX_PACKETS;
    for (ByteBuf raw = queue.peek(); raw != null && share > 0; raw = queue.peek()) {
      TunDevice.Written written = device.write(raw);
      if (written == TunDevice.Written.LATER) {
        return;
      }
      var _ = count(written, raw.readableBytes());
      queue.remove();
      queuedBytes -= raw.capacity();
      raw.release();
      share--;
    }
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  TunCounters counters(TunReader in) {
    return new TunCounters(
        in.packets(), in.bytes(), packets, bytes, malformed + in.malformed(), full, down, refused);
  }

  @Override
  public void close() {
    for (ByteBuf raw = queue.poll(); raw != null; raw = queue.poll()) {
      raw.release();
    }
    queuedBytes = 0;
  }
}
