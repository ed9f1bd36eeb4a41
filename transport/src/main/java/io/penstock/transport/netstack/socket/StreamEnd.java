package io.penstock.transport.netstack.socket;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.penstock.transport.netstack.EndAcknowledged;
import io.penstock.transport.netstack.NetstackChannel;
import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// What is left of a connection whose socket was closed: it sees to it that everything that was
/// written leaves, and takes the place of the [StreamBridge].
///
/// Bytes that still come are wanted by nobody, and the peer is told so with a reset (RFC 9293
/// section 3.6.1). It gives up, with a reset too, when the stack has not taken everything within a
/// limit. Event loop, but for [#linger].
final class StreamEnd extends ChannelInboundHandlerAdapter {

  private final NetstackChannel channel;
  private final int limitMillis;
  private boolean lingers;
  private @Nullable Future<?> timer;

  /// @param limitMillis how long everything may take to leave
  /// @param lingers whether somebody waits for the peer to acknowledge it
  StreamEnd(NetstackChannel channel, int limitMillis, boolean lingers) {
    this.channel = channel;
    this.limitMillis = limitMillis;
    this.lingers = lingers;
  }

  /// Waits until the peer has acknowledged everything, then lets the rest go on without anybody
  /// waiting. Not on the event loop.
  void linger(EventLoop loop, int seconds) {
    Gate gate = new Gate(loop::inEventLoop);
    channel.closeFuture().addListener(_ -> gate.open());
    long deadlineNanos = Gate.deadlineNanos((int) TimeUnit.SECONDS.toMillis(seconds));
    try {
      if (gate.await(() -> channel.closeFuture().isDone(), deadlineNanos)) {
        return;
      }
    } catch (InterruptedIOException _) {
      // The thread is still interrupted, and waits no more.
    }
    loop.execute(this::lingerNoMore);
  }

  private void lingerNoMore() {
    lingers = false;
    if (channel.isOutputShutdown()) {
      channel.close();
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    timer = ctx.executor().schedule(this::reset, limitMillis, TimeUnit.MILLISECONDS);
    ctx.read();
  }

  /// The stack has everything, or takes nothing any more.
  void outputEnded(Future<?> end) {
    stopTimer();
    if (!lingers || !end.isSuccess()) {
      channel.close();
    }
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void reset() {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    channel.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ReferenceCountUtil.release(message);
    reset();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == EndAcknowledged.INSTANCE) {
      channel.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // The channel closes by itself, and nobody is left to be told why.
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stopTimer();
  }
}
