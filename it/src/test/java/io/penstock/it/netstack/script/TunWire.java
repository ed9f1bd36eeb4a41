package io.penstock.it.netstack.script;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunReceiver;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A TUN device in the hands of one thread, which itself looks for packets and waits for them.
final class TunWire implements TunReceiver, AutoCloseable {

  /// As often it looks, so that it knows when a packet has come even if it is late itself.
  static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

  private static final int ICMP_6 = 58;

  /// The least type of neighbour discovery and the like, of which scripts know nothing.
  private static final int FIRST_QUERY_6 = 130;

  private final ManualIoEventLoop loop;
  private final TunLink link;
  private final ArrayDeque<byte[]> packets = new ArrayDeque<>();
  private long emptyNanos = System.nanoTime();

  TunWire(TunDevice device) throws Exception {
    loop = new ManualIoEventLoop(Thread.currentThread(), EpollIoHandler.newFactory());
    var config = TunConfig.builder().build();
    var started = TunLink.start(loop, device, config, UnpooledByteBufAllocator.DEFAULT, this);
    while (!started.isDone()) {
      loop.runNow();
    }
    link = started.sync().getNow();
  }

  /// Looks for packets, and waits for one no longer than that, nor for long.
  ///
  /// @return since when one may have been there
  long look(long waitNanos) {
    long before = emptyNanos;
    if (packets.isEmpty()) {
      if (waitNanos > 0) {
        loop.run(Math.min(waitNanos, LOOK_NANOS));
      } else {
        loop.runNow();
      }
      if (packets.isEmpty()) {
        emptyNanos = System.nanoTime();
      }
    }
    return before;
  }

  /// The next packet that a look has found.
  byte @Nullable [] poll() {
    return packets.poll();
  }

  /// Gives the kernel a packet, which has dealt with it when this returns.
  void send(byte[] packet) {
    ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.directBuffer(packet.length);
    PacketMeta meta = new PacketMeta();
    meta.setVerified();
    assertThat(link.send(buffer.writeBytes(packet), meta)).as("the kernel took it").isTrue();
  }

  @Override
  public void packet(TunLink from, ByteBuf packet, PacketMeta meta) {
    byte[] bytes = ByteBufUtil.getBytes(packet);
    packet.release();
    if (!isQuery(bytes)) {
      packets.add(bytes);
    }
  }

  private static boolean isQuery(byte[] packet) {
    // Reports of listeners have a header of eight bytes between.
    int at = packet[6] == 0 ? 48 : 40;
    int protocol = at == 48 ? packet[40] : packet[6];
    return packet[0] >> 4 == 6 && protocol == ICMP_6 && (packet[at] & 0xff) >= FIRST_QUERY_6;
  }

  @Override
  public void batchEnd(TunLink from) {}

  @Override
  public void writable(TunLink to) {}

  @Override
  public void close() {
    link.close();
    loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    while (!loop.isTerminated()) {
      loop.runNow();
    }
  }
}
