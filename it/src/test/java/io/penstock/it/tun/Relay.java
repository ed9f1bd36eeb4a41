package io.penstock.it.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.TcpCoalescer;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunCounters;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunReceiver;
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
    Direction fromLeft = new Direction(allocator, work);
    Direction fromRight = new Direction(allocator, work);
    TunConfig config = TunConfig.builder().build();
    TunLink first = TunLink.start(loop, left, config, allocator, fromLeft).sync().getNow();
    TunLink second = TunLink.start(loop, right, config, allocator, fromRight).sync().getNow();
    loop.submit(
            () -> {
              fromLeft.to = second;
              fromRight.to = first;
            })
        .sync();
    return new Relay(first, second, fromLeft);
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

    private static final int MAX_PACKETS = 64;

    private final Work work;
    private final TcpCoalescer coalescer;
    private final PacketMeta polled = new PacketMeta();
    private @Nullable TunLink to;
    private int batchBytes;

    /// The most bytes of one wake-up.
    volatile int maxBatchBytes;

    /// Whether a super packet has come.
    volatile boolean superPackets;

    private Direction(ByteBufAllocator allocator, Work work) {
      this.work = work;
      this.coalescer = new TcpCoalescer(allocator, TunLink.HEADROOM_BYTES, MAX_PACKETS);
    }

    @Override
    public void packet(TunLink link, ByteBuf packet, PacketMeta meta) {
      batchBytes += packet.readableBytes();
      superPackets |= meta.isSuperPacket();
      if (to == null) {
        packet.release();
      } else if (work == Work.AS_THEY_COME) {
        to.send(packet, meta);
      } else {
        coalescer.offer(packet, meta);
      }
    }

    @Override
    public void batchEnd(TunLink link) {
      maxBatchBytes = Math.max(maxBatchBytes, batchBytes);
      batchBytes = 0;
      if (to == null) {
        return;
      }
      for (ByteBuf next = coalescer.poll(polled); next != null; next = coalescer.poll(polled)) {
        to.send(next, polled);
      }
    }

    @Override
    public void writable(TunLink link) {}
  }
}
