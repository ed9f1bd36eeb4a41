package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/// Collects what comes through a channel, and how it ends.
final class Inbox extends ChannelInboundHandlerAdapter {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  final CompletableFuture<String> finished = new CompletableFuture<>();
  final CompletableFuture<Throwable> failed = new CompletableFuture<>();
  final CompletableFuture<String> closed = new CompletableFuture<>();

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
    ByteBuf in = (ByteBuf) msg;
    in.readBytes(bytes, in.readableBytes());
    in.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      finished.complete(text());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failed.complete(cause);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closed.complete(text());
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
