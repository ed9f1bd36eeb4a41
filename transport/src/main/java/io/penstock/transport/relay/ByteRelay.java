package io.penstock.transport.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/// Passes bytes between two channels of one event loop, both ways, until both have ended.
///
/// A side is read only while the other is writable. The end of one stream is passed on behind its
/// last byte while the other goes on; a channel that breaks breaks the other, so that nothing cut
/// short looks whole. Bytes of a side that has sent much and is gone may take 30 s to leave.
public final class ByteRelay extends ChannelInboundHandlerAdapter {

  private final Channel own;
  private @Nullable ByteRelay other;
  private boolean inputEnded;
  private boolean broken;

  private ByteRelay(Channel own) {
    this.own = own;
  }

  /// Joins two channels, whose pipelines deliver and take buffers, and begins to read from both.
  ///
  /// Event loop only. A channel that has ended already ends the other.
  public static void join(Channel one, Channel two) {
    if (!one.eventLoop().equals(two.eventLoop())) {
      throw new IllegalArgumentException("a relay needs two channels of one event loop");
    }
    ByteRelay first = new ByteRelay(one);
    ByteRelay second = new ByteRelay(two);
    first.other = second;
    second.other = first;
    begin(first);
    begin(second);
    if (!one.isActive()) {
      second.otherEnded();
    } else if (!two.isActive()) {
      first.otherEnded();
    }
  }

  private static void begin(ByteRelay relay) {
    relay.own.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    relay.own.pipeline().addLast(relay);
    relay.own.config().setAutoRead(true);
  }

  private ByteRelay other() {
    ByteRelay to = other;
    if (to == null) {
      throw new IllegalStateException("the relay has one end only");
    }
    return to;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    Channel to = other().own;
    if (!to.isActive()) {
      ReferenceCountUtil.release(msg);
      return;
    }
    to.write(msg);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Channel to = other().own;
    to.flush();
    own.config().setAutoRead(to.isWritable());
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (own.isWritable()) {
      other().own.config().setAutoRead(true);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputEnded = true;
      if (other().inputEnded) {
        Closing.afterWrites(other().own);
        Closing.afterWrites(own);
      } else {
        Closing.outputAfterWrites(other().own);
      }
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    broken = true;
    Closing.abort(own);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (broken) {
      Closing.abort(other().own);
    } else {
      other().otherEnded();
    }
  }

  private void otherEnded() {
    Closing.afterWrites(own);
  }
}
