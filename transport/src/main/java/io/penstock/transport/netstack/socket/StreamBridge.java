package io.penstock.transport.netstack.socket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.penstock.protocol.netstack.ip.HeldMemory;
import io.penstock.transport.netstack.NetstackChannel;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The last handler of a connection whose bytes are read and written by threads that block.
///
/// It joins an [Intake] of received buffers and an [Outlet] to the channel: a read of the channel
/// is an answer to a request, and a written piece is taken when the stack has it. On the event loop
/// it never waits, and what crosses goes as one task for each batch.
///
/// **Ends.** Bytes that came before the peer's end, or before a reset, are read first. A write that
/// was taken may still fail, which the next one tells, as with any socket.
///
/// **Threads.** The handler's methods run on the event loop, all others on any thread but that.
final class StreamBridge extends ChannelInboundHandlerAdapter {

  /// How the peer's stream ended.
  private sealed interface Ending {

    /// With its end of stream.
    record Finished() implements Ending {}

    /// With the connection.
    record Broken(Throwable cause) implements Ending {}
  }

  private final NetstackChannel channel;
  private final EventLoop loop;
  private final SocketLimits limits;
  private final Intake<ByteBuf> intake;
  private final Outlet outlet;
  private final Runnable readTask = this::readMore;
  private final Runnable drainTask = this::drain;
  private final AtomicInteger unreadBytes = new AtomicInteger();
  private final AtomicReference<@Nullable Ending> ending = new AtomicReference<>();
  private final AtomicBoolean breakTold = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable ChannelHandlerContext context;
  private @Nullable ChannelFuture outputEnd;

  /// Only whoever has the turn to read looks at it.
  private boolean endRead;

  /// Takes the reading and writing of a channel over; the caller adds this to its pipeline before
  /// anything was read.
  StreamBridge(NetstackChannel channel, EventLoop loop, SocketLimits limits) {
    this.channel = channel;
    this.loop = loop;
    this.limits = limits;
    intake =
        new Intake<>(
            loop::inEventLoop,
            HeldMemory::bytes,
            limits.receiveBufferBytes(),
            () -> execute(readTask),
            this::discard);
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

  private void discard(ByteBuf bytes) {
    unreadBytes.addAndGet(-bytes.readableBytes());
    bytes.release();
  }

  // ---- reading ----

  /// Reads as [java.io.InputStream#read(byte[], int, int)] does, `length` being positive.
  ///
  /// @param timeoutMillis how long it may take, 0 for as long as it takes
  int read(byte[] to, int offset, int length, int timeoutMillis) throws IOException {
    long deadlineNanos = Gate.deadlineNanos(timeoutMillis);
    if (!intake.enter(deadlineNanos)) {
      throw new SocketTimeoutException("Read timed out");
    }
    try {
      if (endRead) {
        return -1;
      }
      boolean timely = intake.await(() -> false, deadlineNanos);
      if (closed.get()) {
        throw Failures.closed();
      }
      if (!timely) {
        throw new SocketTimeoutException("Read timed out");
      }
      int bytes = copy(to, offset, length);
      return bytes > 0 ? bytes : end();
    } finally {
      intake.exit();
    }
  }

  private int copy(byte[] to, int offset, int length) {
    int copied = 0;
    for (ByteBuf head = intake.head(); head != null && copied < length; head = intake.head()) {
      int bytes = Math.min(head.readableBytes(), length - copied);
      head.readBytes(to, offset + copied, bytes);
      copied += bytes;
      if (!head.isReadable()) {
        releaseHead();
      }
    }
    unreadBytes.addAndGet(-copied);
    return copied;
  }

  /// Unless the socket was closed meanwhile: then it is still there, to be discarded.
  private void releaseHead() {
    ByteBuf read = intake.poll();
    if (read != null) {
      read.release();
    }
  }

  private int end() throws IOException {
    if (!intake.isClosed() && ending.get() instanceof Ending.Broken(Throwable cause)) {
      breakTold.set(true);
      throw Failures.of(cause);
    }
    endRead = true;
    return -1;
  }

  /// How many bytes can be read without waiting.
  int available() throws SocketException {
    if (closed.get()) {
      throw Failures.closed();
    }
    return intake.isClosed() ? 0 : unreadBytes.get();
  }

  /// Reads nothing any more; what comes is acknowledged and dropped.
  void shutdownInput() {
    intake.close();
    execute(readTask);
  }

  // ---- writing ----

  void write(byte[] from, int offset, int length) throws IOException {
    if (outlet.write(from, offset, length)) {
      return;
    }
    if (closed.get()) {
      throw Failures.closed();
    }
    if (ending.get() instanceof Ending.Broken(Throwable cause)
        && breakTold.compareAndSet(false, true)) {
      throw Failures.ofWrite(cause);
    }
    throw new SocketException("Broken pipe");
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

  // ---- buffers ----

  int receiveBufferBytes() {
    return intake.mark();
  }

  void setReceiveBufferBytes(int bytes) {
    intake.setMark(bytes);
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
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    boolean reset = lingerSeconds == 0 || unreadBytes.get() > 0;
    intake.close();
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
      intake.ask();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    intake.ask();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = HeldMemory.compact((ByteBuf) message);
    unreadBytes.addAndGet(bytes.readableBytes());
    intake.add(bytes);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (intake.isClosed()) {
      ctx.read();
    } else {
      intake.answered();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      ending.compareAndSet(null, new Ending.Finished());
      intake.end();
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
    ending.compareAndSet(null, new Ending.Broken(cause));
    intake.end();
    outlet.close();
  }
}
