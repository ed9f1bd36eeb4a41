package io.penstock.transport.quic;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/// Asks for the next datagram with each one that comes, so that none waits in QUIC's receive queue.
///
/// Left alone, Netty empties that queue once and then not before the socket has been read out. With
/// joined receives that is up to a megabyte later, and QUIC drops the oldest datagrams of a full
/// queue without telling anybody.
final class PromptReads extends ChannelInboundHandlerAdapter {

  static final PromptReads INSTANCE = new PromptReads();

  private PromptReads() {}

  @Override
  public boolean isSharable() {
    return true;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    if (msg instanceof ByteBuf && ctx.channel().config().isAutoRead()) {
      ctx.read();
    }
    ctx.fireChannelRead(msg);
  }
}
