package io.penstock.transport.codervpn;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The output of a channel, which is ended only after what was written before.
///
/// Netty's sockets drop what still waits when their output is shut down or they are closed. All
/// methods run on the event loop.
final class ChannelOutput {

  private final ChannelHandlerContext context;
  private final ChannelFutureListener watch;
  private @Nullable ChannelFuture lastWrite;

  /// @param broken is told what the system says when a write fails on a channel that is still open
  ChannelOutput(ChannelHandlerContext context, Consumer<String> broken) {
    this.context = context;
    this.watch =
        write -> {
          if (!write.isSuccess() && write.channel().isActive()) {
            broken.accept(String.valueOf(write.cause().getMessage()));
          }
        };
  }

  /// Whether more may be written now; on a closed channel everything may, and is dropped.
  boolean isReady() {
    Channel channel = context.channel();
    return channel.isWritable() || !channel.isActive();
  }

  /// Writes, without flushing.
  void write(ByteBuf bytes) {
    lastWrite = context.write(bytes).addListener(watch);
  }

  void flush() {
    context.flush();
  }

  /// Closes the direction to the peer, or all where a channel has but one.
  void finish() {
    whenWritten(
        () -> {
          if (context.channel() instanceof DuplexChannel duplex) {
            var _ = duplex.shutdownOutput();
          } else {
            var _ = context.close();
          }
        });
  }

  /// Closes the channel.
  ///
  /// @param limitNanos after which it is closed though the peer has not taken everything
  void close(long limitNanos) {
    whenWritten(context::close);
    Channel channel = context.channel();
    if (channel.isOpen()) {
      ScheduledFuture<?> limit =
          channel.eventLoop().schedule(() -> context.close(), limitNanos, TimeUnit.NANOSECONDS);
      channel.closeFuture().addListener(_ -> limit.cancel(false));
    }
  }

  private void whenWritten(Runnable task) {
    ChannelFuture last = lastWrite;
    if (last == null) {
      task.run();
    } else {
      last.addListener(_ -> task.run());
    }
  }
}
