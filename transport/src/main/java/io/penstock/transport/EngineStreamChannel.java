package io.penstock.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.internal.StringUtil;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A byte stream that lives inside one of our protocol engines, as a Netty channel.
///
/// It carries what Netty asks of a channel, so that a driver on top of it is only the few calls
/// into its engine. A driver implements the `engine…` methods and calls [#onReadable],
/// [#onWritable], [#onPeerFinished] and [#onEngineClosed] when the engine tells of them.
///
/// **Reading.** Bytes stay in the engine until a handler asks to read, so the engine's flow control
/// reaches the peer. One read delivers at most 64 KiB. Bytes that arrive while a read is pending
/// are delivered at once; a read that finds bytes waiting is answered from a task of the event loop
/// and never from inside the call, as a socket would.
///
/// **Writing.** Bytes go to the engine as far as [#engineWritableBytes] allows; the rest waits in
/// the channel's outbound buffer, which drives `isWritable()`. A write is complete when the engine
/// has taken it. [#shutdownOutput] waits for what was written before it; `close` does not.
///
/// **Ending.** The end of the peer's stream closes the channel, or fires the input-shutdown event
/// if half-closure is allowed. A failed engine fires its cause and closes.
///
/// All `engine…` and `on…` methods run on the event loop of the channel.
public abstract class EngineStreamChannel extends AbstractChannel implements DuplexChannel {

  /// What one read delivers at most: enough to amortise a pipeline pass, small against any window.
  private static final int READ_BATCH_BYTES = 64 * 1024;

  /// Reads in a row before other channels of the loop get their turn.
  private static final int READS_PER_TURN = 8;

  private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

  private enum Stage {
    NEW,
    ACTIVE,
    CLOSED
  }

  private enum Input {
    OPEN,
    FINISHED_BY_PEER,
    SHUTDOWN
  }

  private enum Output {
    OPEN,
    FINISHING,
    SHUTDOWN
  }

  private enum Reading {
    /// Nobody asked.
    NONE,
    /// A read is asked for and nothing was there yet.
    REQUESTED
  }

  private final EngineStreamConfig config = new EngineStreamConfig(this);
  private final Runnable deliverTask = this::deliverScheduled;
  private volatile Stage stage = Stage.NEW;
  private volatile Input input = Input.OPEN;
  private volatile Output output = Output.OPEN;
  private Reading reading = Reading.NONE;
  private boolean delivering;
  private boolean deliverTaskQueued;
  private @Nullable ChannelPromise finishPromise;

  protected EngineStreamChannel(@Nullable Channel parent) {
    super(parent);
  }

  // ---- what a driver implements ----

  /// How many bytes the engine takes now; zero or less when it is full.
  protected abstract int engineWritableBytes();

  /// Hands bytes to the engine, never more than [#engineWritableBytes]; the engine owns the buffer.
  protected abstract void engineWrite(ByteBuf bytes);

  /// Returns the next received bytes, at most about `maxBytes` of them, or null when there are
  /// none.
  protected abstract @Nullable ByteBuf engineRead(int maxBytes);

  /// Tells the engine that nothing more is written; what it holds is still sent.
  protected abstract void engineShutdownOutput();

  /// Ends the stream in the engine; called once, also after the engine itself has failed.
  protected abstract void engineClose();

  /// Called once after a batch of calls into the engine, to drain it.
  protected abstract void engineChanged();

  /// Starts an outgoing connection; a driver that has none leaves this as it is.
  protected void engineConnect(
      SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
    promise.setFailure(new UnsupportedOperationException("this channel is already connected"));
  }

  /// The options that the engine has besides those of every channel, with their values. Any thread.
  protected Map<ChannelOption<?>, Object> engineOptions() {
    return Map.of();
  }

  /// Sets an option of the engine; false when it has no such option, or cannot honour that value.
  /// Any thread.
  protected boolean setEngineOption(ChannelOption<?> option, Object value) {
    return false;
  }

  // ---- what a driver tells ----

  /// Makes the channel active: the driver's connection is established.
  ///
  /// @param connected succeeds when the channel may be written to, before the event
  protected final void activate(ChannelPromise connected) {
    assert eventLoop().inEventLoop();
    if (stage == Stage.NEW) {
      stage = Stage.ACTIVE;
      connected.trySuccess();
      if (isRegistered() && stage == Stage.ACTIVE) {
        pipeline().fireChannelActive();
      }
    }
  }

  /// Marks the channel active before it is registered; Netty then fires the event itself.
  protected final void activateOnRegistration() {
    stage = Stage.ACTIVE;
  }

  /// Says that the engine has bytes for this stream.
  protected final void onReadable() {
    if (reading == Reading.REQUESTED && !delivering && stage == Stage.ACTIVE) {
      deliver();
    }
  }

  /// Says that the engine takes bytes again.
  protected final void onWritable() {
    if (stage == Stage.ACTIVE && isRegistered()) {
      ((StreamUnsafe) unsafe()).flushPending();
    }
  }

  /// Says that the peer has ended its stream; bytes before the end may still wait to be read.
  protected final void onPeerFinished() {
    if (input != Input.OPEN || stage == Stage.CLOSED) {
      return;
    }
    input = Input.FINISHED_BY_PEER;
    pipeline().fireUserEventTriggered(PeerFinished.INSTANCE);
    if (!delivering && stage == Stage.ACTIVE) {
      deliver();
    }
  }

  /// Says that the stream is over in the engine, with its cause if it was no orderly end.
  protected final void onEngineClosed(@Nullable Throwable cause) {
    if (stage == Stage.CLOSED) {
      return;
    }
    if (cause != null && isRegistered()) {
      pipeline().fireExceptionCaught(cause);
    }
    unsafe().close(unsafe().voidPromise());
  }

  // ---- reading ----

  @Override
  protected final void doBeginRead() {
    reading = Reading.REQUESTED;
    if (!delivering && (engineHasBytes() || input == Input.FINISHED_BY_PEER)) {
      queueDelivery();
    }
  }

  final void readCleared() {
    if (!isRegistered()) {
      return;
    }
    if (eventLoop().inEventLoop()) {
      reading = Reading.NONE;
    } else {
      eventLoop().execute(() -> reading = Reading.NONE);
    }
  }

  private void queueDelivery() {
    if (!deliverTaskQueued) {
      deliverTaskQueued = true;
      eventLoop().execute(deliverTask);
    }
  }

  private void deliverScheduled() {
    deliverTaskQueued = false;
    if (!delivering && stage == Stage.ACTIVE) {
      deliver();
    }
  }

  private void deliver() {
    boolean read = false;
    delivering = true;
    try {
      for (int turn = 0; turn < READS_PER_TURN && reading == Reading.REQUESTED; turn++) {
        if (!deliverBatch()) {
          break;
        }
        read = true;
      }
    } finally {
      delivering = false;
    }
    if (read) {
      engineChanged();
    }
    if (stage != Stage.ACTIVE) {
      return;
    }
    if (input == Input.FINISHED_BY_PEER && !engineHasBytes()) {
      endInput();
    } else if (reading == Reading.REQUESTED && engineHasBytes()) {
      queueDelivery();
    }
  }

  /// Delivers one read's worth of bytes; false when the engine had none and the read stays pending.
  private boolean deliverBatch() {
    int delivered = 0;
    while (delivered < READ_BATCH_BYTES && stage == Stage.ACTIVE) {
      ByteBuf bytes = engineRead(READ_BATCH_BYTES - delivered);
      if (bytes == null) {
        break;
      }
      if (delivered == 0) {
        reading = Reading.NONE;
      }
      delivered += bytes.readableBytes();
      pipeline().fireChannelRead(bytes);
    }
    if (delivered == 0) {
      return false;
    }
    pipeline().fireChannelReadComplete();
    return true;
  }

  /// Whether the engine holds received bytes that no handler has read yet.
  protected abstract boolean engineHasBytes();

  private void endInput() {
    if (input == Input.SHUTDOWN) {
      return;
    }
    input = Input.SHUTDOWN;
    reading = Reading.NONE;
    if (config.isAllowHalfClosure()) {
      pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
      if (output == Output.SHUTDOWN) {
        unsafe().close(unsafe().voidPromise());
      }
    } else {
      unsafe().close(unsafe().voidPromise());
    }
  }

  // ---- writing ----

  @Override
  protected final Object filterOutboundMessage(Object msg) throws IOException {
    if (output != Output.OPEN) {
      throw new ChannelOutputShutdownException("the output was shut down");
    }
    if (msg instanceof ByteBuf) {
      return msg;
    }
    throw new UnsupportedOperationException(
        "unsupported message type: " + StringUtil.simpleClassName(msg) + " (expected: ByteBuf)");
  }

  @Override
  protected final void doWrite(ChannelOutboundBuffer in) {
    boolean wrote = false;
    while (in.current() instanceof ByteBuf bytes) {
      int readable = bytes.readableBytes();
      if (readable == 0) {
        in.remove();
        continue;
      }
      int space = engineWritableBytes();
      if (space <= 0) {
        break;
      }
      wrote = true;
      if (readable <= space) {
        engineWrite(bytes.retain());
        in.remove();
      } else {
        engineWrite(bytes.readRetainedSlice(space));
        in.progress(space);
      }
    }
    if (in.isEmpty() && output == Output.FINISHING) {
      finishOutput();
    } else if (wrote) {
      engineChanged();
    }
  }

  private void finishOutput() {
    output = Output.SHUTDOWN;
    engineShutdownOutput();
    engineChanged();
    ChannelPromise promise = finishPromise;
    finishPromise = null;
    if (promise != null) {
      promise.trySuccess();
    }
    if (input == Input.SHUTDOWN && stage == Stage.ACTIVE) {
      unsafe().close(unsafe().voidPromise());
    }
  }

  @Override
  public final ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public final ChannelFuture shutdownOutput(ChannelPromise promise) {
    EventLoop loop = eventLoop();
    if (loop.inEventLoop()) {
      startFinish(promise);
    } else {
      loop.execute(() -> startFinish(promise));
    }
    return promise;
  }

  private void startFinish(ChannelPromise promise) {
    if (stage != Stage.ACTIVE) {
      promise.tryFailure(new ClosedChannelException());
      return;
    }
    switch (output) {
      case SHUTDOWN -> promise.trySuccess();
      case FINISHING ->
          promise.tryFailure(new IllegalStateException("output is being shut down already"));
      case OPEN -> {
        output = Output.FINISHING;
        finishPromise = promise;
        unsafe().flush();
        ChannelOutboundBuffer pending = unsafe().outboundBuffer();
        if (output == Output.FINISHING && (pending == null || pending.isEmpty())) {
          finishOutput();
        }
      }
    }
  }

  // ---- the rest of a duplex channel ----

  @Override
  public final boolean isInputShutdown() {
    return input == Input.SHUTDOWN || stage == Stage.CLOSED;
  }

  @Override
  public final boolean isOutputShutdown() {
    return output == Output.SHUTDOWN || stage == Stage.CLOSED;
  }

  @Override
  public final boolean isShutdown() {
    return isInputShutdown() && isOutputShutdown();
  }

  @Override
  public final ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public final ChannelFuture shutdownInput(ChannelPromise promise) {
    return promise.setFailure(
        new UnsupportedOperationException("no engine can refuse its peer's bytes alone; close"));
  }

  @Override
  public final ChannelFuture shutdown() {
    return close();
  }

  @Override
  public final ChannelFuture shutdown(ChannelPromise promise) {
    return close(promise);
  }

  @Override
  public final ChannelConfig config() {
    return config;
  }

  @Override
  public final boolean isOpen() {
    return stage != Stage.CLOSED;
  }

  @Override
  public final boolean isActive() {
    return stage == Stage.ACTIVE;
  }

  @Override
  public final ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected final AbstractUnsafe newUnsafe() {
    return new StreamUnsafe();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected void doBind(SocketAddress localAddress) throws IOException {
    throw new UnsupportedOperationException("a stream inside an engine is not bound");
  }

  @Override
  protected final void doDisconnect() {
    doClose();
  }

  @Override
  protected final void doClose() {
    if (stage == Stage.CLOSED) {
      return;
    }
    stage = Stage.CLOSED;
    ChannelPromise promise = finishPromise;
    finishPromise = null;
    if (promise != null) {
      promise.tryFailure(new ClosedChannelException());
    }
    engineClose();
    engineChanged();
  }

  private final class StreamUnsafe extends AbstractUnsafe {

    @Override
    public void connect(
        SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
      if (promise.setUncancellable() && ensureOpen(promise)) {
        engineConnect(remote, local, promise);
      }
    }

    /// Writes on what was flushed before and found the engine full.
    void flushPending() {
      flush0();
    }
  }
}
