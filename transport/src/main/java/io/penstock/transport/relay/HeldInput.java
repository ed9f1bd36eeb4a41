package io.penstock.transport.relay;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/// Keeps what a channel delivers unasked until somebody behind it reads, and then leaves.
///
/// Without auto-read a channel still delivers what came together with the end of a TLS handshake,
/// and epoll what came together with a FIN. Whoever has to wait, for a connection elsewhere, puts
/// this last. It holds what one read delivers. Runs on the event loop of the channel.
public final class HeldInput extends ChannelDuplexHandler {

  private final Deque<Consumer<ChannelHandlerContext>> held = new ArrayDeque<>();
  private final Deque<Object> messages = new ArrayDeque<>();
  private boolean inputEnded;

  /// Holds nothing yet.
  public HeldInput() {}

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    messages.add(message);
    held.add(to -> to.fireChannelRead(messages.remove()));
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    held.add(ChannelHandlerContext::fireChannelReadComplete);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    inputEnded |= event == ChannelInputShutdownEvent.INSTANCE;
    held.add(to -> to.fireUserEventTriggered(event));
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    while (!held.isEmpty()) {
      held.remove().accept(ctx);
    }
    // An epoll channel fails when it is read after its input has ended.
    if (!inputEnded) {
      ctx.read();
    }
    if (!ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }

  /// What is still here goes to nobody.
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    held.clear();
    messages.forEach(ReferenceCountUtil::release);
    messages.clear();
  }
}
