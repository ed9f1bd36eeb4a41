package io.penstock.node.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.function.Consumer;

/// A node's way into the overlay as a stack uses it, the same over all its reconnects: packets,
/// room for them, and how it is doing.
///
/// What it tells comes on its event loop.
public interface PacketLink {

  /// The event loop on which packets come.
  EventLoop eventLoop();

  /// Sets who takes the packets that come; until then they are dropped.
  ///
  /// The consumer is called on the event loop with each packet, which it then owns.
  void onPacket(Consumer<ByteBuf> consumer);

  /// Sends one IP packet; it leaves at the end of this turn of the event loop.
  ///
  /// @param packet is still the caller's after [Sent#FULL], and only then
  Sent send(ByteBuf packet);

  /// Sets the one listener that runs on the event loop each time there is room again after
  /// [Sent#FULL], and when the tunnel is lost.
  void onRoom(Runnable listener);

  /// Sets who is told each status on the event loop, at the moment that it comes about, for whoever
  /// drives a stack with the tunnel; the one that holds now is told first. It must not block.
  void onStatus(Consumer<TunnelStatus> consumer);

  /// The largest packet that the path carries now; 0 while there is no tunnel.
  int mtu();
}
