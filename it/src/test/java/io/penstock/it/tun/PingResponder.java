package io.penstock.it.tun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunReceiver;
import java.util.concurrent.atomic.AtomicInteger;

/// Answers every echo request whose checksum is right, whoever it is addressed to.
final class PingResponder implements TunReceiver {

  private static final int HOP_LIMIT = 64;

  final AtomicInteger answered = new AtomicInteger();
  private final IpPacket view = new IpPacket();
  private final PacketMeta verified = new PacketMeta();

  PingResponder() {
    verified.setVerified();
  }

  @Override
  public void packet(TunLink link, ByteBuf packet, PacketMeta meta) {
    try {
      if (view.parse(packet) == PacketFault.NONE
          && IcmpEcho.isRequest(view, packet)
          && IcmpEcho.checksumIsRight(view, packet)) {
        int headroom = TunLink.HEADROOM_BYTES;
        ByteBuf reply = PooledByteBufAllocator.DEFAULT.directBuffer(headroom + view.length());
        reply.setIndex(headroom, headroom);
        IcmpEcho.writeReply(view, packet, HOP_LIMIT, reply);
        link.send(reply, verified);
        answered.incrementAndGet();
      }
    } finally {
      packet.release();
    }
  }

  @Override
  public void batchEnd(TunLink link) {}

  @Override
  public void writable(TunLink link) {}
}
