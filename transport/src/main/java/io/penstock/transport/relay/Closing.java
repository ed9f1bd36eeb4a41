package io.penstock.transport.relay;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import java.util.concurrent.TimeUnit;

/// The two ways to end a channel: after its last byte, and so that nobody takes the end for one.
public final class Closing {

  /// How long a peer may take nothing of what was written before the channel closes without it.
  static final long FLUSH_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);

  private Closing() {}

  /// Closes when everything written has left, or when the peer takes nothing of it for 30 s.
  public static void afterWrites(Channel channel) {
    afterWrites(channel, FLUSH_LIMIT_NANOS);
  }

  /// Closes when everything written has left, or when the peer takes nothing of it for
  /// `stallNanos`, give or take as much again.
  public static void afterWrites(Channel channel, long stallNanos) {
    ChannelFuture flushed = channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
    if (flushed.isDone()) {
      channel.close();
      return;
    }
    FlushLimit limit = new FlushLimit(channel, stallNanos);
    flushed.addListener(_ -> limit.flushed());
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
    if (!channel.isOpen()) {
      return;
    }
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    ChannelHandlerContext first = channel.pipeline().firstContext();
    if (first != null) {
      first.close();
    } else {
      channel.close();
    }
  }

  /// Closes a channel once its last byte has left, or once its peer takes none for too long.
  private static final class FlushLimit {
    private final Channel channel;
    private final long stallNanos;
    private final OutputProgress progress;
    private final LazyTimer timer;

    FlushLimit(Channel channel, long stallNanos) {
      this.channel = channel;
      this.stallNanos = stallNanos;
      this.progress = new OutputProgress(channel);
      this.timer = new LazyTimer(channel.eventLoop(), this::look);
      look();
    }

    private void look() {
      long now = System.nanoTime();
      long patience = progress.patience(now, stallNanos);
      if (patience > 0) {
        timer.set(now, patience);
      } else {
        channel.close();
      }
    }

    void flushed() {
      timer.stop();
      channel.close();
    }
  }
}
