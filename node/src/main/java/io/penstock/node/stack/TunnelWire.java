package io.penstock.node.stack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.api.IpAddress;
import io.penstock.node.tunnel.PacketLink;
import io.penstock.node.tunnel.TunnelStatus;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.transport.netstack.BatchedInput;
import io.penstock.transport.netstack.Link;
import io.penstock.transport.netstack.LinkReceiver;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A packet tunnel as the link of a stack that outlives each of its connections.
///
/// ```
///   DOWN ◄──lost── UP      DOWN, UP ──stopped for good, or closed──► CLOSED
///     └──connected──►
/// ```
///
/// While it is down the stack keeps its packets. When it is up again the owner is told its
/// addresses first, and then the stack to send at once. A packet that finds no room waits here
/// until there is some; one that has become too long for the path is dropped and the stack is told
/// the new size.
public final class TunnelWire implements Link {

  /// What IPv6 needs and every tunnel is given in the end (RFC 8200, section 5).
  private static final int FIRST_MTU_BYTES = 1280;

  /// IPv4 must work over any link; below this a path is of no use (RFC 791).
  private static final int MIN_MTU_BYTES = 576;

  private static final int MAX_MTU_BYTES = 65_535;

  private enum State {
    DOWN,
    UP,
    CLOSED
  }

  private final PacketLink tunnel;
  private final Consumer<List<IpAddress>> addresses;
  private final BatchedInput input;
  private State state = State.DOWN;
  private @Nullable LinkReceiver receiver;
  private @Nullable ByteBuf waiting;

  /// @param tunnel stays the caller's
  /// @param addresses is told the node's addresses, each time that the tunnel has some, before the
  ///   stack sends over it
  public TunnelWire(PacketLink tunnel, Consumer<List<IpAddress>> addresses) {
    this.tunnel = tunnel;
    this.addresses = addresses;
    input = new BatchedInput(tunnel.eventLoop());
  }

  @Override
  public EventLoop eventLoop() {
    return tunnel.eventLoop();
  }

  @Override
  public LinkTraits traits() {
    return LinkTraits.plain(FIRST_MTU_BYTES);
  }

  @Override
  public void start(LinkReceiver to) {
    receiver = to;
    input.start(to);
    tunnel.onPacket(input::packet);
    tunnel.onRoom(this::room);
    tunnel.onStatus(this::changed);
  }

  private void changed(TunnelStatus status) {
    LinkReceiver to = receiver;
    if (to == null) {
      return;
    }
    switch (status) {
      case TunnelStatus.Connected(var assigned, int mtu) -> connected(to, assigned, mtu);
      case TunnelStatus.Connecting _, TunnelStatus.Waiting _ -> state = State.DOWN;
      case TunnelStatus.Stopped(_, String message) -> {
        state = State.CLOSED;
        to.closed(new IOException(message));
      }
      case TunnelStatus.Closed _ -> {
        state = State.CLOSED;
        to.closed(new IOException("the node was closed"));
      }
    }
  }

  private void connected(LinkReceiver to, List<IpAddress> assigned, int mtu) {
    to.mtuChanged(mtuOf(mtu));
    addresses.accept(assigned);
    if (state == State.DOWN) {
      state = State.UP;
      // Behind what the owner has to do about the addresses, which it queues.
      eventLoop().execute(this::tellUp);
    }
  }

  private void tellUp() {
    if (receiver != null && state == State.UP) {
      receiver.linkUp();
      receiver.writable();
    }
  }

  private static int mtuOf(int bytes) {
    return Math.clamp(bytes, MIN_MTU_BYTES, MAX_MTU_BYTES);
  }

  private void room() {
    ByteBuf first = waiting;
    waiting = null;
    if (first != null) {
      send(first, 0);
    }
    if (receiver != null && isWritable()) {
      receiver.writable();
    }
  }

  @Override
  public boolean isWritable() {
    return state == State.UP && waiting == null;
  }

  @Override
  public void send(ByteBuf packet, int segmentBytes) {
    if (!isWritable()) {
      packet.release();
      return;
    }
    switch (tunnel.send(packet)) {
      case SENT -> {}
      case FULL -> waiting = packet;
      case TOO_BIG -> {
        if (receiver != null && tunnel.mtu() > 0) {
          receiver.mtuChanged(mtuOf(tunnel.mtu()));
        }
      }
      case NOT_CONNECTED -> state = State.DOWN;
    }
  }

  /// Packets leave at the end of the turn by themselves.
  @Override
  public void flush() {}

  @Override
  public void close() {
    receiver = null;
    input.stop();
    state = State.CLOSED;
    if (waiting != null) {
      waiting.release();
      waiting = null;
    }
  }
}
