package io.penstock.transport.relay;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// The two ways to end a channel: after its last byte, and so that nobody takes the end for one.
public final class Closing {

  /// How long bytes that were written may take to leave before the channel closes without them.
  static final long FLUSH_LIMIT_SECONDS = 30;

  private Closing() {}

  /// Closes when everything written has left, or when the peer does not take it for 30 s.
  public static void afterWrites(Channel channel) {
    ChannelFuture flushed = channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
    if (flushed.isDone()) {
      channel.close();
      return;
    }
    Future<?> limit =
        channel.eventLoop().schedule(() -> channel.close(), FLUSH_LIMIT_SECONDS, TimeUnit.SECONDS);
    flushed.addListener(
        _ -> {
          limit.cancel(false);
          channel.close();
        });
  }

  /// Ends our half after everything written has left, where the channel can; the channel stays open
  /// for what the peer still sends.
  public static void outputAfterWrites(Channel channel) {
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> endOutput(channel));
  }

  private static void endOutput(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls != null) {
      tls.closeOutbound();
    } else if (channel instanceof DuplexChannel duplex && !duplex.isOutputShutdown()) {
      duplex.shutdownOutput();
    }
  }

  /// Closes at once so that the peer sees a failure and no orderly end, where the channel can say
  /// so: TCP sends a reset, TLS no closure alert.
  public static void abort(Channel channel) {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    ChannelHandlerContext first = channel.pipeline().firstContext();
    if (first != null) {
      first.close();
    } else {
      channel.close();
    }
  }
}
