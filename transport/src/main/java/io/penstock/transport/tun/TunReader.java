package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.offload.PacketMeta;
import java.io.IOException;

/// The way in of a [TunLink]: reads packets one by one into a buffer that holds the largest.
///
/// How long the next packet is cannot be known. A small one is copied into a buffer of its size and
/// the large buffer used again; one that fills at least half of it is given away as it is, for
/// which a new one is made. So what a receiver holds is at most about twice as large as the packet.
final class TunReader implements AutoCloseable {

  /// Packets per wake-up; then the event loop serves its other channels.
  static final int MAX_PACKETS = 64;

  /// Bytes per wake-up; four of the largest super packets.
  static final int MAX_BYTES = 256 * 1024;

  private static final int BUFFER_BYTES = TunLink.HEADROOM_BYTES + TunDevice.MAX_READ_BYTES;

  private final TunDevice device;
  private final ByteBufAllocator allocator;
  private final PacketMeta meta = new PacketMeta();
  private final int headerAt;
  private ByteBuf buffer;
  private long packets;
  private long bytes;
  private long malformed;

  TunReader(TunDevice device, ByteBufAllocator allocator) {
    this.device = device;
    this.allocator = allocator;
    headerAt = TunLink.HEADROOM_BYTES - device.headerBytes();
    buffer = allocator.directBuffer(BUFFER_BYTES, BUFFER_BYTES);
  }

  /// Reads until nothing is there, the share of a wake-up is used up, or `link` is closed or told
  /// not to read.
  void readBatch(TunLink link, TunReceiver receiver) throws IOException {
    int batchBytes = 0;
    for (int i = 0; i < MAX_PACKETS && batchBytes < MAX_BYTES && link.isReading(); i++) {
      buffer.setIndex(headerAt, headerAt);
      int read = device.read(buffer);
      if (read == TunDevice.NOTHING) {
        break;
      }
      batchBytes += read;
      if (describe(read - device.headerBytes())) {
        receiver.packet(link, takePacket(), meta);
      } else {
        malformed++;
      }
      if (!link.isOpen()) {
        return;
      }
    }
    if (batchBytes > 0) {
      receiver.batchEnd(link);
    }
  }

  private boolean describe(int packetBytes) {
    if (packetBytes <= 0) {
      return false;
    }
    packets++;
    bytes += packetBytes;
    if (device.headerBytes() > 0) {
      return VirtioNetHeader.read(buffer, headerAt, packetBytes, meta);
    }
    meta.setUnverified();
    return true;
  }

  private ByteBuf takePacket() {
    int at = TunLink.HEADROOM_BYTES;
    int length = buffer.writerIndex() - at;
    if (length >= BUFFER_BYTES / 2) {
      ByteBuf whole = buffer;
      buffer = allocator.directBuffer(BUFFER_BYTES, BUFFER_BYTES);
      return whole.readerIndex(at);
    }
    ByteBuf copy = allocator.directBuffer(at + length);
    copy.setIndex(at, at);
    return copy.writeBytes(buffer, at, length);
  }

  long packets() {
    return packets;
  }

  long bytes() {
    return bytes;
  }

  long malformed() {
    return malformed;
  }

  @Override
  public void close() {
    buffer.release();
  }
}
