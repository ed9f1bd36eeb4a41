package io.penstock.protocol.netstack.ip;

import io.netty.buffer.ByteBuf;

/// The way out for packets that are built at once and not retransmitted: queued as they are when
/// they fit the MTU of their path, in fragments when they do not.
public final class PacketSender {

  private final OutputQueue queue;
  private final Fragmenter fragmenter;
  private final PathMtuTable paths;

  public PacketSender(OutputQueue queue, Fragmenter fragmenter, PathMtuTable paths) {
    this.queue = queue;
    this.fragmenter = fragmenter;
    this.paths = paths;
  }

  /// A buffer for a packet of at most so many bytes, with the headroom that a driver wants.
  public ByteBuf allocate(int bytes) {
    return queue.allocate(bytes);
  }

  /// The longest packet that gets to a destination in one piece.
  public int mtu(boolean ipv4, long high, long low, long nowNanos) {
    return paths.mtu(ipv4, high, low, nowNanos);
  }

  /// Takes a packet that has to get through a path of this MTU; false when it was dropped, because
  /// the queue is full or the packet too long and not to be cut.
  public boolean send(ByteBuf packet, int mtuBytes) {
    return packet.readableBytes() <= mtuBytes
        ? queue.offer(packet)
        : fragmenter.send(packet, mtuBytes);
  }
}
