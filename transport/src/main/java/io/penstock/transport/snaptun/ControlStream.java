package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamChannel;
import org.jspecify.annotations.Nullable;

/// One control stream: nothing is read before somebody wants it, and what nobody wants any more is
/// read and thrown away until the peer ends the stream, because only then QUIC forgets it.
///
/// ```
/// WAITING --start--> READING --FIN--> ENDED
///    |                  |
///    +----- discard ----+--> DISCARDING --FIN--> ENDED
/// ```
///
/// Runs on the connection's event loop.
final class ControlStream extends ChannelInboundHandlerAdapter {

  /// Takes what comes on the stream.
  interface Reader {
    void received(ByteBuf bytes);

    void finished();

    /// The stream broke before its FIN.
    void failed(String detail);
  }

  private enum State {
    WAITING,
    READING,
    DISCARDING,
    ENDED
  }

  private final QuicStreamChannel channel;
  private @Nullable Reader reader;
  private State state = State.WAITING;

  ControlStream(QuicStreamChannel channel) {
    this.channel = channel;
    channel.config().setAutoRead(false);
  }

  long id() {
    return channel.streamId();
  }

  /// Begins to read.
  void start(Reader reader) {
    if (state != State.WAITING) {
      reader.failed("the stream is closed");
      return;
    }
    state = State.READING;
    this.reader = reader;
    channel.config().setAutoRead(true);
  }

  /// Writes the last bytes of this direction.
  ChannelFuture writeLast(ByteBuf bytes) {
    return channel.writeAndFlush(new DefaultQuicStreamFrame(bytes, true));
  }

  /// Wants no more of what the peer sends.
  void discard() {
    reader = null;
    if (state == State.WAITING) {
      channel.config().setAutoRead(true);
    }
    if (state == State.ENDED) {
      channel.close();
    } else {
      state = State.DISCARDING;
    }
  }

  /// Gives the stream up, in both directions.
  void drop() {
    if (channel.isActive()) {
      channel.shutdownOutput(0);
    }
    discard();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    ByteBuf bytes = (ByteBuf) msg;
    if (reader != null) {
      reader.received(bytes);
    } else {
      bytes.release();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownReadComplete.INSTANCE && state != State.ENDED) {
      boolean wanted = state == State.READING;
      state = State.ENDED;
      Reader told = reader;
      reader = null;
      if (told != null) {
        told.finished();
      }
      if (!wanted) {
        ctx.close();
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    broken(String.valueOf(cause.getMessage()));
    ctx.close();
    ConnectionInbox.of(channel.parent()).streamBroken();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    broken("the stream is closed");
  }

  private void broken(String detail) {
    Reader told = reader;
    reader = null;
    state = State.ENDED;
    if (told != null) {
      told.failed(detail);
    }
  }
}
