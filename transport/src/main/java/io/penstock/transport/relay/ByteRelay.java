package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Couples two channels byte for byte, with back-pressure both ways.
///
/// It is the last handler of the near channel and drives the other through its [FarEnd]. An end of
/// stream on one side is passed on alone where both channels can say it, and closes both otherwise
/// (the far channel says it when its owner set `ALLOW_HALF_CLOSURE`). A failure of one aborts the
/// other. The relay ends when both directions have ended, when either channel closes, or when
/// nothing has moved for the idle limit.
///
/// Runs on the event loop of the near channel.
public final class ByteRelay extends ChannelInboundHandlerAdapter implements FarEnd.Listener {

  private enum Direction {
    OPEN,
    ENDED
  }

  private final FarEnd far;
  private final long idleNanos;
  private @Nullable Near near;
  private Direction nearToFar = Direction.OPEN;
  private Direction farToNear = Direction.OPEN;
  private long progressNanos;
  private int owedBytes;

  private record Near(ChannelHandlerContext ctx, LazyTimer timer) {}

  /// @param far the other end; its channel may still have to open, and is closed with this one
  /// @param idle without a byte in either direction before both channels are closed
  public ByteRelay(FarEnd far, Duration idle) {
    this.far = far;
    this.idleNanos = idle.toNanos();
  }

  // ---- the near channel ----

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(false);
    if (ctx.channel() instanceof DuplexChannel) {
      ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }
    LazyTimer timer = new LazyTimer(ctx.channel().eventLoop(), this::idle);
    near = new Near(ctx, timer);
    progressNanos = System.nanoTime();
    timer.set(progressNanos, idleNanos);
    far.listen(this);
    if (ctx.channel().isActive()) {
      readNear(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    readNear(ctx);
    ctx.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof ByteBuf bytes && near != null) {
      progressNanos = System.nanoTime();
      far.write(bytes);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (near != null) {
      far.flush();
      readNear(ctx);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    settle(ctx);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      nearToFar = Direction.ENDED;
      if (farToNear == Direction.ENDED) {
        finish();
      } else {
        far.shutdownOutput();
      }
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof ClosedChannelException) {
      ctx.close();
      return;
    }
    if (leave() != null) {
      far.abort();
    }
    ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (leave() != null) {
      far.closeAfterWrites();
    }
    ctx.fireChannelInactive();
  }

  private void readNear(ChannelHandlerContext ctx) {
    if (nearToFar == Direction.OPEN && far.isWritable()) {
      ctx.read();
    }
  }

  // ---- the far end ----

  @Override
  public void farRead(ByteBuf bytes) {
    Near to = near;
    if (to == null) {
      bytes.release();
      return;
    }
    progressNanos = System.nanoTime();
    owedBytes += bytes.readableBytes();
    to.ctx().write(bytes, to.ctx().voidPromise());
  }

  @Override
  public void farReadComplete() {
    Near to = near;
    if (to != null) {
      to.ctx().flush();
      settle(to.ctx());
    }
  }

  @Override
  public void farWritable() {
    Near to = near;
    if (to != null) {
      readNear(to.ctx());
    }
  }

  @Override
  public void farPeerFinished() {
    // The end comes in its place, after the bytes before it.
  }

  @Override
  public void farInputEnded() {
    farToNear = Direction.ENDED;
    Near to = near;
    if (to == null) {
      return;
    }
    if (nearToFar == Direction.ENDED || !(to.ctx().channel() instanceof DuplexChannel duplex)) {
      finish();
    } else {
      to.ctx().flush();
      duplex.shutdownOutput();
    }
  }

  @Override
  public void farClosed(@Nullable Throwable failure) {
    Near left = leave();
    if (left == null) {
      return;
    }
    if (failure == null) {
      Closing.afterWrites(left.ctx().channel());
    } else {
      Closing.abort(left.ctx().channel());
    }
  }

  // ---- ending ----

  private void finish() {
    Near left = leave();
    if (left != null) {
      far.closeAfterWrites();
      Closing.afterWrites(left.ctx().channel());
    }
  }

  private void idle() {
    Near at = near;
    if (at == null) {
      return;
    }
    long now = System.nanoTime();
    long left = progressNanos + idleNanos - now;
    if (left > 0) {
      at.timer().set(now, left);
      return;
    }
    leave();
    far.abort();
    Closing.abort(at.ctx().channel());
  }

  private @Nullable Near leave() {
    Near left = near;
    near = null;
    if (left != null) {
      left.timer().stop();
      far.listen(null);
    }
    return left;
  }

  private void settle(ChannelHandlerContext ctx) {
    if (owedBytes > 0 && ctx.channel().isWritable()) {
      int owed = owedBytes;
      owedBytes = 0;
      far.consumed(owed);
    }
  }
}
