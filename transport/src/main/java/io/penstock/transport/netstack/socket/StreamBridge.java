package io.penstock.transport.netstack.socket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.penstock.transport.netstack.NetstackChannel;
import java.io.IOException;
import java.net.SocketException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/// The last handler of a connection whose bytes are read and written by threads that block.
///
/// It joins [ReceivedBytes] and an [Outlet] to the channel: a read of the channel is an answer to a
/// request, and a written piece is taken when the stack has it. On the event loop it never waits,
/// and what crosses goes as one task for each batch.
///
/// **Ends.** Bytes that came before the peer's end, or before a reset, are read first. A write that
/// was taken may still fail, which the next one tells, as with any socket.
///
/// **Threads.** The handler's methods run on the event loop, all others on any thread but that.
final class StreamBridge extends ChannelInboundHandlerAdapter {

  private final NetstackChannel channel;
  private final EventLoop loop;
  private final SocketLimits limits;
  private final Ending ending = new Ending();
  private final ReceivedBytes received;
  private final Outlet outlet;
  private final Runnable readTask = this::readMore;
  private final Runnable drainTask = this::drain;
  private @Nullable ChannelHandlerContext context;
  private @Nullable ChannelFuture outputEnd;

  /// Takes the reading and writing of a channel over; the caller adds this to its pipeline before
  /// anything was read.
  StreamBridge(NetstackChannel channel, EventLoop loop, SocketLimits limits) {
    this.channel = channel;
    this.loop = loop;
    this.limits = limits;
    received =
        new ReceivedBytes(
            loop::inEventLoop, limits.receiveBufferBytes(), () -> execute(readTask), ending);
    outlet = new Outlet(loop::inEventLoop, limits.sendBufferBytes(), () -> execute(drainTask));
    channel.config().setAutoRead(false);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }

  NetstackChannel channel() {
    return channel;
  }

  private void execute(Runnable task) {
    if (loop.inEventLoop()) {
      task.run();
      return;
    }
    try {
      loop.execute(task);
    } catch (RejectedExecutionException e) {
      broken(e);
    }
  }

  // ---- reading ----

  /// What has come, for threads that read.
  ReceivedBytes received() {
    return received;
  }

  /// Reads nothing any more; what comes is acknowledged and dropped.
  void shutdownInput() {
    received.close();
    execute(readTask);
  }

  // ---- writing ----

  void write(byte[] from, int offset, int length) throws IOException {
    if (!outlet.write(from, offset, length)) {
      throw ending.ofWrite();
    }
  }

  /// Ends our stream behind what was written.
  void shutdownOutput() {
    outlet.close();
    execute(this::finishOutput);
  }

  private void finishOutput() {
    drain();
    if (outputEnd == null) {
      outputEnd = channel.shutdownOutput();
    }
  }

  int sendBufferBytes() {
    return outlet.limit();
  }

  void setSendBufferBytes(int bytes) {
    outlet.setLimit(bytes);
  }

  // ---- closing ----

  /// Ends the connection: what was written still goes, in the background, unless bytes are unread,
  /// in which case the peer is to know that they were not read.
  ///
  /// @param lingerSeconds how long to wait for the peer to acknowledge everything; 0 to reset, less
  ///   to wait for nothing
  void close(int lingerSeconds) {
    if (!ending.close()) {
      return;
    }
    boolean reset = lingerSeconds == 0 || received.unread() > 0;
    received.close();
    outlet.close();
    StreamEnd end = new StreamEnd(channel, limits.closeMillis(), lingerSeconds > 0);
    execute(() -> handOver(end, reset));
    if (lingerSeconds > 0 && !loop.inEventLoop()) {
      end.linger(loop, lingerSeconds);
    }
  }

  private void handOver(StreamEnd end, boolean reset) {
    if (context == null || context.isRemoved() || reset) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      channel.close();
      return;
    }
    finishOutput();
    channel.pipeline().replace(this, null, end);
    if (outputEnd != null) {
      outputEnd.addListener(end::outputEnded);
    }
  }

  // ---- on the event loop ----

  private void readMore() {
    if (context != null) {
      context.read();
    }
  }

  private void drain() {
    outlet.begin();
    if (context == null) {
      return;
    }
    for (byte[] piece = outlet.next(); piece != null; piece = outlet.next()) {
      int bytes = piece.length;
      context.write(Unpooled.wrappedBuffer(piece)).addListener(_ -> outlet.taken(bytes));
    }
    context.flush();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    if (ctx.channel().isActive()) {
      received.ask();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    received.ask();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    received.add((ByteBuf) message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (received.isClosed()) {
      ctx.read();
    } else {
      received.answered();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      ending.finish();
      received.end();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    broken(cause);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    broken(new SocketException("Connection reset"));
  }

  private void broken(Throwable cause) {
    ending.breakOff(cause);
    received.end();
    outlet.close();
  }
}
