package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.util.AttributeKey;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What comes over a connection, on its way to the tunnel that the connection becomes.
///
/// A peer may be quicker than its acceptor: streams that come before the tunnel wait here unread,
/// as many as QUIC lets a peer open. Datagrams do not wait.
///
/// Runs on the connection's event loop.
final class ConnectionInbox {

  private static final AttributeKey<ConnectionInbox> KEY =
      AttributeKey.valueOf(ConnectionInbox.class, "inbox");

  /// Netty keeps a trace of every stream that its peer resets for as long as the connection lives.
  private static final int MAX_BROKEN_STREAMS = 256;

  private final List<ControlStream> early = new ArrayList<>(0);
  private Runnable tooManyBroken = () -> {};
  private int brokenStreams;
  private @Nullable Consumer<ControlStream> streams;
  private @Nullable PacketPath packets;

  private ConnectionInbox() {}

  static ConnectionInbox of(QuicChannel connection) {
    var attribute = connection.attr(KEY);
    ConnectionInbox inbox = attribute.get();
    if (inbox == null) {
      inbox = new ConnectionInbox();
      attribute.set(inbox);
    }
    return inbox;
  }

  /// Names the tunnel's ends, once.
  ///
  /// @param tooManyBroken is called when the peer has reset more streams than one may
  void attach(Consumer<ControlStream> streams, Runnable tooManyBroken, PacketPath packets) {
    if (this.streams != null) {
      throw new IllegalStateException("the connection has a tunnel already");
    }
    this.streams = streams;
    this.tooManyBroken = tooManyBroken;
    this.packets = packets;
    early.forEach(streams);
    early.clear();
  }

  void stream(ControlStream stream) {
    if (streams == null) {
      early.add(stream);
    } else {
      streams.accept(stream);
    }
  }

  void streamBroken() {
    if (++brokenStreams == MAX_BROKEN_STREAMS) {
      tooManyBroken.run();
    }
  }

  void packet(ByteBuf packet) {
    if (packets == null) {
      packet.release();
    } else {
      packets.received(packet);
    }
  }

  void packetsComplete() {
    if (packets != null) {
      packets.receivedAll();
    }
  }
}
