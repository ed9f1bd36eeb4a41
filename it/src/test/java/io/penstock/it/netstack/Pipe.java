package io.penstock.it.netstack;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;

/// Passes the bytes and the end of one channel on to another of the same event loop, reading more
/// only when that has taken them.
final class Pipe extends ChannelInboundHandlerAdapter {

  private final Channel to;

  Pipe(Channel to) {
    this.to = to;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(false);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object bytes) {
    to.write(bytes).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    to.flush();
    if (to.isWritable()) {
      ctx.read();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    // The other direction waits for this channel.
    if (ctx.channel().isWritable()) {
      to.read();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (ChannelInputShutdownEvent.INSTANCE.equals(event)) {
      ((DuplexChannel) to).shutdownOutput();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ChannelFuture flushed = to.writeAndFlush(to.alloc().buffer(0));
    flushed.addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
