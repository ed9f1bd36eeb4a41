package io.penstock.node.device;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.OverlayNetwork;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.icmp.IcmpLimit;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.Segmenter;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.tun.TunBatch;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunReceiver;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Carries packets between a TUN device and a packet tunnel, both ways.
///
/// From the kernel: what it left to the device is done here, so that each packet goes into the
/// tunnel by itself. While the tunnel has no room nothing is read from the device, whose own queue
/// then fills and tells the kernel's senders; so at most one read waits here, 64 KiB, not yet
/// split. A packet that does not fit into the tunnel is answered with an ICMP error from the
/// gateway's address. What comes while there is no tunnel is dropped.
///
/// To the kernel: at the end of each turn of the event loop what came in it, TCP segments of a flow
/// put together where the device has offloads. The device keeps what does not go at once, up to
/// [TunConfig#DEFAULT_MAX_QUEUED_BYTES].
///
/// Everything happens on the event loop of the tunnel but [#close] and [#counters], which any
/// thread may call.
public final class DeviceBridge implements TunReceiver, AutoCloseable {

  private final PacketTunnel tunnel;
  private final IoEventLoop loop;
  private final TunDevice device;
  private final PeerTraffic traffic;
  private final Consumer<IOException> lost;
  private final ByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
  private final Segmenter segmenter = new Segmenter(allocator, TunLink.HEADROOM_BYTES);
  private final PacketMeta unverified = new PacketMeta();
  private final IpPacket view = new IpPacket();
  private final IcmpLimit icmpLimit =
      new IcmpLimit(IcmpLimit.DEFAULT_PER_SECOND, new SecureRandom());

  /// Of the packet that was read last: what found no room. More of it is with the segmenter.
  private @Nullable ByteBuf waiting;

  private @Nullable TunLink link;
  private @Nullable TunBatch output;
  private boolean closed;
  private final LongAdder down = new LongAdder();
  private final LongAdder tooBig = new LongAdder();
  private final LongAdder malformed = new LongAdder();
  private final LongAdder refused = new LongAdder();

  private DeviceBridge(
      PacketTunnel tunnel, TunDevice device, PeerTraffic traffic, Consumer<IOException> lost) {
    this.tunnel = tunnel;
    this.loop = tunnel.eventLoop();
    this.device = device;
    this.traffic = traffic;
    this.lost = lost;
  }

  /// Begins to carry packets.
  ///
  /// @param tunnel stays the caller's; this is the one that takes its packets
  /// @param device is taken, and closed when this ends
  /// @param traffic counts what is carried
  /// @param lost is told on the event loop, once, when the device cannot be used or is gone
  public static DeviceBridge start(
      PacketTunnel tunnel, TunDevice device, PeerTraffic traffic, Consumer<IOException> lost) {
    DeviceBridge bridge = new DeviceBridge(tunnel, device, traffic, lost);
    TunConfig config = TunConfig.builder().mtu(device.mtu()).build();
    TunLink.start(bridge.loop, device, config, bridge.allocator, bridge)
        .addListener((Future<TunLink> started) -> bridge.started(started));
    return bridge;
  }

  private void started(Future<TunLink> started) {
    if (!started.isSuccess()) {
      ended(started.cause());
      return;
    }
    TunLink running = started.getNow();
    if (closed) {
      running.close();
      return;
    }
    link = running;
    output = new TunBatch(loop, running, allocator, refused::increment);
    running.closeFuture().addListener(end -> ended(end.cause()));
    tunnel.onPacket(this::fromTunnel);
    // In a turn of its own: there may be room because of a packet that is just being sent.
    tunnel.onRoom(() -> loop.execute(() -> carryOn(running)));
  }

  private void ended(@Nullable Throwable cause) {
    if (!closed) {
      end();
      lost.accept(
          cause instanceof IOException io ? io : new IOException(device + " has ended", cause));
    }
  }

  /// What was not carried.
  public DeviceCounters counters() {
    return new DeviceCounters(down.sum(), tooBig.sum(), malformed.sum(), refused.sum());
  }

  /// Ends this and gives the device back. Repeatable.
  @Override
  public void close() {
    if (loop.inEventLoop()) {
      end();
    } else if (!loop.isShuttingDown()) {
      loop.execute(this::end);
    }
  }

  private void end() {
    closed = true;
    segmenter.close();
    if (waiting != null) {
      waiting.release();
      waiting = null;
    }
    if (output != null) {
      output.close();
    }
    if (link != null) {
      link.close();
    }
  }

  // ---- to the kernel ----

  private void fromTunnel(ByteBuf packet) {
    TunBatch to = output;
    if (to == null || closed) {
      packet.release();
      return;
    }
    traffic.received(packet);
    to.send(packet, unverified);
  }

  @Override
  public void writable(TunLink to) {
    // The tunnel does not ask whether there is room.
  }

  // ---- from the kernel ----

  @Override
  public void packet(TunLink from, ByteBuf packet, PacketMeta meta) {
    if (segmenter.start(packet, meta) != PacketFault.NONE) {
      malformed.increment();
      return;
    }
    carryOn(from);
  }

  @Override
  public void batchEnd(TunLink from) {
    // The tunnel sends at the end of the turn by itself.
  }

  /// Sends what was read last, until the tunnel has no room.
  private void carryOn(TunLink from) {
    ByteBuf next = waiting == null ? segmenter.next() : waiting;
    waiting = null;
    while (next != null && isTaken(next)) {
      next = segmenter.next();
    }
    if (!closed) {
      waiting = next;
      from.setReading(next == null);
    } else if (next != null) {
      next.release();
    }
  }

  /// Whether the packet is the bridge's no longer.
  private boolean isTaken(ByteBuf packet) {
    int mtu = tunnel.mtu();
    int bytes = packet.readableBytes();
    if (mtu > 0 && bytes > mtu) {
      tooBig.increment();
      report(packet, mtu);
      packet.release();
      return true;
    }
    PeerTally peer = traffic.destination(packet);
    return switch (tunnel.send(packet)) {
      case SENT -> {
        if (peer != null) {
          peer.sent(bytes);
        }
        yield true;
      }
      case FULL -> false;
      case TOO_BIG -> {
        tooBig.increment();
        yield true;
      }
      case NOT_CONNECTED -> {
        down.increment();
        yield true;
      }
    };
  }

  /// Tells the sender of a packet what would have fitted, as the gateway would (RFC 1191, section
  /// 4; RFC 4443, section 3.2).
  private void report(ByteBuf packet, int mtuBytes) {
    TunBatch to = output;
    if (to == null
        || view.parse(packet) != PacketFault.NONE
        || !IcmpErrors.mayReportAbout(view, packet)
        || !icmpLimit.take(EngineLoop.nowNanos())) {
      return;
    }
    Optional<IpAddress> gateway =
        tunnel.network().map(OverlayNetwork::resolvers).orElse(List.of()).stream()
            .filter(one -> one.family() == (view.isIpv4() ? IpFamily.IPV4 : IpFamily.IPV6))
            .findFirst();
    if (gateway.isEmpty()) {
      return;
    }
    IpEndpoint source = IpEndpoint.of(gateway.get().bytes(), 0);
    int at = TunLink.HEADROOM_BYTES;
    ByteBuf error = allocator.directBuffer(at + IcmpErrors.lengthAbout(view));
    error.setIndex(at, at);
    IcmpErrors.write(
        IcmpError.PACKET_TOO_BIG, mtuBytes, view, packet, source.high(), source.low(), error);
    to.send(error, unverified);
  }
}
