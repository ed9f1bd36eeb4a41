package io.penstock.it.smux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.util.concurrent.CompletableFuture;

/// Sends bytes and their end, and checks that exactly these come back, and then the end.
final class EchoCheck extends ChannelInboundHandlerAdapter {

  private final byte[] bytes;
  private int received;
  final CompletableFuture<Integer> result = new CompletableFuture<>();

  EchoCheck(byte[] bytes) {
    this.bytes = bytes;
  }

  byte[] bytes() {
    return bytes;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.writeAndFlush(Unpooled.wrappedBuffer(bytes));
    ((DuplexChannel) ctx.channel()).shutdownOutput();
    ctx.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    ByteBuf in = (ByteBuf) msg;
    int length = in.readableBytes();
    if (received + length > bytes.length
        || !in.equals(Unpooled.wrappedBuffer(bytes, received, length))) {
      result.completeExceptionally(
          new AssertionError("wrong bytes between " + received + " and " + (received + length)));
    }
    received += length;
    in.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      result.complete(received);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    result.complete(received);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    result.completeExceptionally(cause);
  }
}
