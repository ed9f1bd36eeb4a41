package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.offload.ChecksumState;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.Segmentation;
import io.penstock.protocol.netstack.offload.Segmenter;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunOffload;
import io.penstock.transport.tun.TunReceiver;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A TUN device as a link: the peer is the Linux kernel.
///
/// With a device that offloads, TCP goes as super packets of up to 64 KiB in both directions, and
/// its checksums are left to the kernel. The link owns the device and ends with it.
public final class DeviceLink implements Link {

  /// The longest IP packet less the longest headers, rounded down.
  private static final int MAX_SEGMENT_BYTES = 65_000;

  private static final int TCP_CHECKSUM_AT = 16;

  private final IoEventLoop loop;
  private final TunDevice device;
  private final TunConfig config;
  private final ByteBufAllocator allocator;
  private final PacketMeta meta = new PacketMeta();
  private final Segmenter segmenter;
  private @Nullable TunLink link;
  private @Nullable LinkReceiver receiver;

  /// Takes a device.
  ///
  /// @param config what the device was opened with
  public DeviceLink(
      IoEventLoop loop, TunDevice device, TunConfig config, ByteBufAllocator allocator) {
    this.loop = loop;
    this.device = device;
    this.config = config;
    this.allocator = allocator;
    segmenter = new Segmenter(allocator, TunLink.HEADROOM_BYTES);
  }

  @Override
  public IoEventLoop eventLoop() {
    return loop;
  }

  @Override
  public LinkTraits traits() {
    return device.offload() == TunOffload.NONE
        ? LinkTraits.plain(device.mtu())
        : new LinkTraits(device.mtu(), MAX_SEGMENT_BYTES, true);
  }

  @Override
  public void start(LinkReceiver to) {
    receiver = to;
    TunLink.start(loop, device, config, allocator, new FromKernel())
        .addListener((Future<TunLink> started) -> started(started));
  }

  private void started(Future<TunLink> started) {
    if (!started.isSuccess()) {
      ended(started.cause());
      return;
    }
    TunLink running = started.getNow();
    if (receiver == null) {
      running.close();
      return;
    }
    link = running;
    running.closeFuture().addListener(end -> ended(end.cause()));
    receiver.writable();
  }

  private void ended(@Nullable Throwable cause) {
    LinkReceiver to = receiver;
    if (to != null) {
      close();
      to.closed(cause instanceof IOException io ? io : new IOException(device + " ended", cause));
    }
  }

  // ---- to the kernel ----

  @Override
  public boolean isWritable() {
    return link != null && link.isWritable();
  }

  @Override
  public void send(ByteBuf packet, int segmentBytes) {
    if (link == null) {
      packet.release();
      return;
    }
    describe(packet, segmentBytes);
    link.send(packet, meta);
  }

  /// The stack completes all checksums but those of TCP, which it leaves to a link that offloads.
  private void describe(ByteBuf packet, int segmentBytes) {
    if (device.offload() == TunOffload.NONE || protocol(packet) != IpProtocol.TCP) {
      meta.setVerified();
    } else if (segmentBytes > 0) {
      meta.setSuperPacket(Segmentation.TCP, segmentBytes, transportOffset(packet), TCP_CHECKSUM_AT);
    } else {
      meta.setPartial(transportOffset(packet), TCP_CHECKSUM_AT);
    }
  }

  private static boolean isIpv4(ByteBuf packet) {
    return Ipv4Header.version(packet, packet.readerIndex()) == 4;
  }

  private static int protocol(ByteBuf packet) {
    int at = packet.readerIndex();
    return isIpv4(packet) ? Ipv4Header.protocol(packet, at) : Ipv6Header.nextHeader(packet, at);
  }

  private static int transportOffset(ByteBuf packet) {
    return isIpv4(packet) ? Ipv4Header.headerBytes(packet, packet.readerIndex()) : Ipv6Header.BYTES;
  }

  /// The device writes at once.
  @Override
  public void flush() {}

  @Override
  public void close() {
    if (receiver != null) {
      receiver = null;
      if (link != null) {
        link.close();
      }
    }
  }

  // ---- from the kernel ----

  private final class FromKernel implements TunReceiver {

    @Override
    public void packet(TunLink from, ByteBuf packet, PacketMeta about) {
      LinkReceiver to = receiver;
      if (to == null) {
        packet.release();
      } else if (about.segmentation() == Segmentation.UDP) {
        split(to, packet, about);
      } else if (about.isComplete()
          || packet.readableBytes() < Ipv4Header.MIN_BYTES
          || protocol(packet) == IpProtocol.TCP) {
        to.packet(packet, about.checksum() != ChecksumState.UNVERIFIED);
      } else {
        // The stack compares the checksums of everything but TCP, so they have to be there.
        about.completeChecksum(packet);
        to.packet(packet, true);
      }
    }

    private void split(LinkReceiver to, ByteBuf packet, PacketMeta about) {
      if (segmenter.start(packet, about) != PacketFault.NONE) {
        return;
      }
      try {
        for (ByteBuf next = segmenter.next(); next != null; next = segmenter.next()) {
          to.packet(next, true);
        }
      } finally {
        segmenter.close();
      }
    }

    @Override
    public void batchEnd(TunLink from) {
      if (receiver != null) {
        receiver.batchEnd();
      }
    }

    @Override
    public void writable(TunLink to) {
      if (receiver != null) {
        receiver.writable();
      }
    }
  }
}
