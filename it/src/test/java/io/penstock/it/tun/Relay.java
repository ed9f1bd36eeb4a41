package io.penstock.it.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.transport.tun.TunBatch;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunCounters;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunReceiver;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A wire between two kernels: what comes over one TUN device goes out over the other.
///
/// Packets are passed on as they come, or TCP segments put together first. What the other device
/// does not take as it is, its link makes up for.
final class Relay {

  /// What happens to packets before they are passed on.
  enum Work {
    AS_THEY_COME,
    COALESCED
  }

  private final TunLink left;
  private final TunLink right;
  private final Direction fromLeft;

  private Relay(TunLink left, TunLink right, Direction fromLeft) {
    this.left = left;
    this.right = right;
    this.fromLeft = fromLeft;
  }

  static Relay start(
      IoEventLoop loop, ByteBufAllocator allocator, TunDevice left, TunDevice right, Work work)
      throws Exception {
    Direction fromLeft = new Direction();
    Direction fromRight = new Direction();
    TunConfig config = TunConfig.builder().build();
    TunLink first = TunLink.start(loop, left, config, allocator, fromLeft).sync().getNow();
    TunLink second = TunLink.start(loop, right, config, allocator, fromRight).sync().getNow();
    loop.submit(
            () -> {
              fromLeft.to = sender(loop, allocator, second, work);
              fromRight.to = sender(loop, allocator, first, work);
            })
        .sync();
    return new Relay(first, second, fromLeft);
  }

  private static Sender sender(
      IoEventLoop loop, ByteBufAllocator allocator, TunLink to, Work work) {
    if (work == Work.AS_THEY_COME) {
      return to::send;
    }
    return new TunBatch(loop, to, allocator, () -> {})::send;
  }

  /// The way over a link.
  private interface Sender {
    void send(ByteBuf packet, PacketMeta meta);
  }

  /// The link to the left kernel.
  TunLink left() {
    return left;
  }

  /// The link to the right kernel.
  TunLink right() {
    return right;
  }

  /// What comes from the left kernel.
  Direction fromLeft() {
    return fromLeft;
  }

  static TunCounters counters(IoEventLoop loop, TunLink link) throws Exception {
    return loop.submit(link::counters).get();
  }

  /// One direction, on the event loop.
  static final class Direction implements TunReceiver {

    private static final int CONGESTION_EXPERIENCED = 3;

    private @Nullable Sender to;
    private int batchBytes;

    /// The most bytes of one wake-up.
    volatile int maxBatchBytes;

    /// Whether a super packet has come.
    volatile boolean superPackets;

    /// Of how many packets that may be marked (RFC 3168) one is; none when it is 0.
    volatile int marking;

    /// How many packets were marked, once for each segment.
    final AtomicInteger marked = new AtomicInteger();

    private int markable;

    @Override
    public void packet(TunLink link, ByteBuf packet, PacketMeta meta) {
      batchBytes += packet.readableBytes();
      superPackets |= meta.isSuperPacket();
      mark(packet);
      if (to == null) {
        packet.release();
      } else {
        to.send(packet, meta);
      }
    }

    /// Does what a congested router does to an IPv4 packet.
    private void mark(ByteBuf packet) {
      int at = packet.readerIndex();
      int before = packet.getUnsignedShort(at);
      boolean may = before >>> 12 == 4 && (before & CONGESTION_EXPERIENCED) != 0;
      if (marking > 0 && may && ++markable % marking == 0) {
        int after = before | CONGESTION_EXPERIENCED;
        int checksum = packet.getUnsignedShort(at + 10);
        packet.setShort(at, after);
        packet.setShort(at + 10, InternetChecksum.update(checksum, before, after));
        marked.incrementAndGet();
      }
    }

    @Override
    public void batchEnd(TunLink link) {
      maxBatchBytes = Math.max(maxBatchBytes, batchBytes);
      batchBytes = 0;
    }

    @Override
    public void writable(TunLink link) {}
  }
}
