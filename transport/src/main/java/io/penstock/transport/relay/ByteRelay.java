package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;

/// Bytes between two channels of one event loop, in both directions, each of which ends on its own.
///
/// The end of one channel's input becomes the end of the other's output, behind the bytes before
/// it, and the opposite direction goes on; when both have ended, both channels close. Over TLS the
/// closure alert is that end, and a connection that ends without one was cut short. Whatever is cut
/// short on one side is aborted on the other, so that it never looks whole. A channel is read while
/// the other takes bytes.
///
/// TLS needs an engine that can end one direction: the JDK's, with TLS 1.3 on both sides; older
/// versions and other engines end both directions with the first alert.
public final class ByteRelay {

  /// Longer than anything lives, and short enough to be added to any time.
  private static final long NO_LIMIT = Long.MAX_VALUE / 4;

  private enum State {
    OPEN,
    INPUT_ENDED,
    CLOSED
  }

  private final Side near;
  private final Side far;
  private final long idleNanos;
  private final LazyTimer timer;
  private long movedNanos = System.nanoTime();
  private int endedOutputs;

  private ByteRelay(Channel near, Channel far, long idleNanos) {
    this.near = new Side(near);
    this.far = new Side(far);
    this.idleNanos = idleNanos;
    this.timer = new LazyTimer(near.eventLoop(), this::checkIdle);
  }

  /// Joins two channels, whose pipelines deliver and take buffers, for as long as they live; see
  /// the other method.
  public static void join(Channel near, Channel far) {
    join(near, far, NO_LIMIT);
  }

  /// Joins two channels, whose pipelines deliver and take buffers, and begins to read from both;
  /// call on their event loop. A channel that has ended already ends the other.
  ///
  /// @param idleNanos without a byte in either direction, after which both are aborted
  public static void join(Channel near, Channel far, long idleNanos) {
    if (!near.eventLoop().equals(far.eventLoop())) {
      throw new IllegalArgumentException("the channels are on two event loops");
    }
    ByteRelay relay = new ByteRelay(near, far, idleNanos);
    relay.timer.set(System.nanoTime(), idleNanos);
    relay.near.take();
    relay.far.take();
    if (!near.isActive() || !far.isActive()) {
      relay.abort();
      return;
    }
    relay.near.readMore();
    relay.far.readMore();
  }

  private Side opposite(Side side) {
    return side == near ? far : near;
  }

  private void moved() {
    movedNanos = System.nanoTime();
  }

  private void checkIdle() {
    long now = System.nanoTime();
    long left = idleNanos - (now - movedNanos);
    if (left > 0) {
      timer.set(now, left);
    } else {
      abort();
    }
  }

  private void outputEnded() {
    endedOutputs++;
    if (endedOutputs == 2) {
      near.close();
      far.close();
      timer.stop();
    }
  }

  private void abort() {
    timer.stop();
    near.abort();
    far.abort();
  }

  private final class Side extends ChannelInboundHandlerAdapter {

    private final Channel channel;
    private State state = State.OPEN;

    Side(Channel channel) {
      this.channel = channel;
    }

    void take() {
      channel.config().setAutoRead(false);
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      channel.pipeline().addLast(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof ByteBuf bytes && state == State.OPEN) {
        moved();
        Channel to = opposite(this).channel;
        to.write(bytes)
            .addListener(
                written -> {
                  if (written.isSuccess()) {
                    moved();
                  } else {
                    ByteRelay.this.abort();
                  }
                });
      } else {
        ReferenceCountUtil.release(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      opposite(this).channel.flush();
      readMore();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (channel.isWritable()) {
        opposite(this).readMore();
      }
    }

    void readMore() {
      if (state == State.OPEN && opposite(this).channel.isWritable()) {
        channel.read();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslCloseCompletionEvent closure) {
        if (closure.isSuccess()) {
          inputEnded();
        } else {
          ByteRelay.this.abort();
        }
      } else if (event == ChannelInputShutdownEvent.INSTANCE) {
        boolean tls = channel.pipeline().get(SslHandler.class) != null;
        if (!tls) {
          inputEnded();
        } else if (state == State.OPEN) {
          ByteRelay.this.abort();
        }
      }
    }

    private void inputEnded() {
      if (state == State.OPEN) {
        state = State.INPUT_ENDED;
        opposite(this).endOutput();
      }
    }

    private void endOutput() {
      SslHandler tls = channel.pipeline().get(SslHandler.class);
      if (tls != null) {
        channel.flush();
        tls.closeOutbound().addListener(_ -> outputEnded());
        return;
      }
      ChannelFuture flushed = channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
      flushed.addListener(
          _ -> {
            if (channel instanceof DuplexChannel duplex) {
              ChannelPromise shut = channel.newPromise();
              duplex.shutdownOutput(shut).addListener(_ -> outputEnded());
            } else {
              outputEnded();
            }
          });
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ByteRelay.this.abort();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (state != State.CLOSED) {
        ByteRelay.this.abort();
      }
    }

    void close() {
      state = State.CLOSED;
      channel.close();
    }

    void abort() {
      if (state != State.CLOSED) {
        state = State.CLOSED;
        Closing.abort(channel);
      }
    }
  }
}
