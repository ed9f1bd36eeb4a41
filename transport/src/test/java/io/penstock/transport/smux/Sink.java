package io.penstock.transport.smux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.penstock.transport.PeerFinished;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Collects what a stream delivers and the order of what happens to it.
final class Sink extends ChannelInboundHandlerAdapter {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /// `active`, `finished`, `input-shutdown`, `inactive`, or the simple name of an exception.
  final List<String> happened = new CopyOnWriteArrayList<>();

  final List<Throwable> failures = new CopyOnWriteArrayList<>();

  synchronized byte[] bytes() {
    return bytes.toByteArray();
  }

  synchronized int size() {
    return bytes.size();
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    happened.add("active");
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
    ByteBuf buf = (ByteBuf) msg;
    synchronized (this) {
      buf.readBytes(bytes, buf.readableBytes());
    }
    buf.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof PeerFinished) {
      happened.add("finished");
    } else if (event instanceof ChannelInputShutdownEvent) {
      happened.add("input-shutdown");
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    happened.add("inactive");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failures.add(cause);
    happened.add(cause.getClass().getSimpleName());
  }
}
