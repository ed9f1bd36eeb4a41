package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.TunnelReceiver;
import io.penstock.transport.snaptun.TunnelSender;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A packet tunnel as a link: each packet is one QUIC datagram.
///
/// A packet that finds no room waits here until there is some, and the stack keeps the others. One
/// that has become too long for the path is dropped and the stack is told of the new size. The link
/// ends with its tunnel, which it does not own. When the tunnel gets other addresses, packets go on
/// under them; which of them the stack has is up to the owner.
public final class SnapTunLink implements Link {

  /// IPv4 must work over any link; below this a path is of no use (RFC 791).
  private static final int MIN_MTU_BYTES = 576;

  private static final int MAX_MTU_BYTES = 65_535;

  private final TunnelReceiver tunnelReceiver;
  private final BatchedInput input;
  private TunnelSender sender;
  private @Nullable LinkReceiver receiver;
  private @Nullable ByteBuf waiting;

  public SnapTunLink(TunnelSender sender, TunnelReceiver receiver) {
    this.sender = sender;
    this.tunnelReceiver = receiver;
    input = new BatchedInput(sender.eventLoop());
  }

  @Override
  public EventLoop eventLoop() {
    return sender.eventLoop();
  }

  @Override
  public LinkTraits traits() {
    return LinkTraits.plain(mtuOf(sender.maxPayloadBytes()));
  }

  private static int mtuOf(int payloadBytes) {
    return Math.clamp(payloadBytes, MIN_MTU_BYTES, MAX_MTU_BYTES);
  }

  @Override
  public void start(LinkReceiver to) {
    receiver = to;
    input.start(to);
    tunnelReceiver.onPacket(input::packet);
    sender.onRoom(this::room);
    sender.onMaxPayload(this::maxPayload);
    to.mtuChanged(mtuOf(sender.maxPayloadBytes()));
  }

  private void maxPayload(int bytes) {
    if (receiver != null) {
      receiver.mtuChanged(mtuOf(bytes));
    }
  }

  private void room() {
    ByteBuf first = waiting;
    waiting = null;
    if (first != null) {
      send(first, 0);
      flush();
    }
    sender.end().ifPresent(this::ended);
    if (isWritable() && receiver != null) {
      receiver.writable();
    }
  }

  @Override
  public boolean isWritable() {
    return receiver != null && waiting == null;
  }

  @Override
  public void send(ByteBuf packet, int segmentBytes) {
    if (!isWritable()) {
      packet.release();
      return;
    }
    switch (sender.write(packet)) {
      case SendResult.Outcome.SENT -> {}
      case SendResult.Outcome.FULL -> waiting = packet;
      case SendResult.Outcome.TOO_BIG -> maxPayload(sender.maxPayloadBytes());
      case SendResult.NewAssignedAddress(TunnelSender next) -> {
        sender = next;
        send(packet, 0);
      }
      case SendResult.ClosedTunnel(TunnelEnd end) -> ended(end);
    }
  }

  private void ended(TunnelEnd end) {
    LinkReceiver to = receiver;
    if (to != null) {
      close();
      to.closed(new IOException("the tunnel is over: " + end));
    }
  }

  @Override
  public void flush() {
    sender.flush();
  }

  @Override
  public void close() {
    receiver = null;
    input.stop();
    if (waiting != null) {
      waiting.release();
      waiting = null;
    }
  }
}
