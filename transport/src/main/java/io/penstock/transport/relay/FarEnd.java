package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.PeerFinished;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A channel as it is seen and driven from the event loop of another one, the near loop.
///
/// It is the last handler of the far channel. Commands may be given before that channel exists;
/// they are carried out when it is active. If both ends live on one event loop everything is a
/// plain call; if not, bytes, commands and events cross in batches, one task for each batch, and
/// credit bounds what is under way: the far end reads while less than a window of bytes waits to be
/// [#consumed], and [#isWritable] turns false when a window of bytes waits to be written.
///
/// The methods without a word on threads run on the near loop, those of the handler on the far one.
///
/// The same far end may be offered to several channels one after the other; the first that becomes
/// active gets it.
@ChannelHandler.Sharable
public final class FarEnd extends ChannelInboundHandlerAdapter {

  /// Hears of the far channel, on the near loop.
  public interface Listener {

    /// Bytes have arrived; the listener owns them and owes [FarEnd#consumed].
    void farRead(ByteBuf bytes);

    /// A batch of bytes has ended: a good time to flush.
    void farReadComplete();

    /// The far channel takes bytes again after [FarEnd#isWritable] was false.
    void farWritable();

    /// The far peer has ended its stream, perhaps ahead of bytes that wait to be read.
    void farPeerFinished();

    /// The far peer's bytes have ended, in their place; only on a channel that allows half-closure.
    void farInputEnded();

    /// The far channel is closed; nothing follows.
    ///
    /// @param failure why, or null when it was closed in good order by either side
    void farClosed(@Nullable Throwable failure);
  }

  private enum Command {
    CLOSE_AFTER_WRITES,
    CLOSE
  }

  private enum Event {
    WRITABLE,
    PEER_FINISHED,
    INPUT_ENDED,
    CLOSED
  }

  /// Stands for "not yet" in [#takenNanos].
  private static final long NEVER = Long.MIN_VALUE;

  private final EventLoop near;
  private final int windowBytes;
  private final Queue<Object> commands = new ConcurrentLinkedQueue<>();
  private final Queue<Object> events = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean commandsScheduled = new AtomicBoolean();
  private final AtomicBoolean eventsScheduled = new AtomicBoolean();
  private final AtomicInteger unwrittenBytes = new AtomicInteger();
  private final AtomicInteger unconsumedBytes = new AtomicInteger();
  private final AtomicBoolean nearWaits = new AtomicBoolean();
  private final AtomicBoolean farStalled = new AtomicBoolean();
  private final Runnable runCommands = this::runCommands;
  private final Runnable runEvents = this::runEvents;

  private @Nullable Listener listener;
  private boolean bytesInBatch;
  private boolean timesWrites;

  private volatile long takenNanos = NEVER;
  private volatile @Nullable ChannelHandlerContext far;
  private volatile @Nullable Throwable failure;
  private volatile boolean inputEnded;
  private boolean sameLoop;
  private boolean closed;

  /// @param near the event loop of the listener
  /// @param windowBytes under way between the two loops, in each direction, at most (and one read
  ///   more)
  public FarEnd(EventLoop near, int windowBytes) {
    this.near = near;
    this.windowBytes = windowBytes;
  }

  // ---- commands ----

  /// Hands over bytes to be written; owns them.
  public void write(ByteBuf bytes) {
    ChannelHandlerContext ctx = far;
    if (ctx != null && sameLoop) {
      writeNow(ctx, bytes);
      return;
    }
    unwrittenBytes.addAndGet(bytes.readableBytes());
    commands.add(bytes);
  }

  /// From now on notes when the far channel takes what is written; to be called before the channel
  /// can exist, and only where somebody asks, because it costs an object for each write.
  public void timeWrites() {
    timesWrites = true;
  }

  /// The later of `nanos` and the time when the far channel last took bytes written to it; just
  /// `nanos` without [#timeWrites].
  public long laterOfTaken(long nanos) {
    long taken = takenNanos;
    return taken != NEVER && taken - nanos > 0 ? taken : nanos;
  }

  /// Sends what was written.
  public void flush() {
    ChannelHandlerContext ctx = far;
    if (ctx != null && sameLoop) {
      ctx.flush();
    } else {
      scheduleCommands();
    }
  }

  /// Says whether more may be written now; when not, [Listener#farWritable] tells later.
  public boolean isWritable() {
    if (writableNow()) {
      return true;
    }
    nearWaits.set(true);
    return writableNow() && nearWaits.compareAndSet(true, false);
  }

  /// Gives back credit for bytes that the listener has got rid of.
  public void consumed(int bytes) {
    int left = unconsumedBytes.addAndGet(-bytes);
    if (left <= windowBytes / 2 && farStalled.get() && farStalled.compareAndSet(true, false)) {
      ChannelHandlerContext ctx = far;
      if (ctx != null && !inputEnded) {
        // AbstractChannelHandlerContext hops by itself where the loops differ.
        ctx.read();
      }
    }
  }

  /// Closes the channel after what was written.
  public void closeAfterWrites() {
    command(Command.CLOSE_AFTER_WRITES);
  }

  /// Closes the channel now; what was not written is dropped, and the listener hears no more.
  public void close() {
    listener = null;
    if (far == null) {
      releaseAll(commands);
    }
    command(Command.CLOSE);
  }

  /// Names the listener, or another one; null drops what arrives.
  public void listen(@Nullable Listener next) {
    listener = next;
  }

  /// Releases what waits for a channel that never came; no other method may be called after it.
  public void discard() {
    listener = null;
    releaseAll(commands);
  }

  private void command(Command command) {
    ChannelHandlerContext ctx = far;
    if (ctx != null && sameLoop) {
      run(ctx, command);
    } else {
      commands.add(command);
      scheduleCommands();
    }
  }

  private boolean writableNow() {
    ChannelHandlerContext ctx = far;
    return unwrittenBytes.get() < windowBytes && (ctx == null || ctx.channel().isWritable());
  }

  private void scheduleCommands() {
    ChannelHandlerContext ctx = far;
    if (ctx != null && commandsScheduled.compareAndSet(false, true)) {
      if (!runs(ctx.channel().eventLoop(), runCommands)) {
        commandsScheduled.set(false);
        releaseAll(commands);
      }
    }
  }

  /// On the far loop.
  private void runCommands() {
    ChannelHandlerContext ctx = far;
    if (ctx == null) {
      return;
    }
    commandsScheduled.set(false);
    int written = 0;
    for (Object next = commands.poll(); next != null; next = commands.poll()) {
      if (next instanceof ByteBuf bytes) {
        written += bytes.readableBytes();
        writeNow(ctx, bytes);
      } else {
        run(ctx, (Command) next);
      }
    }
    if (written > 0) {
      unwrittenBytes.addAndGet(-written);
      ctx.flush();
    }
    tellWritable();
  }

  private void writeNow(ChannelHandlerContext ctx, ByteBuf bytes) {
    if (closed) {
      bytes.release();
    } else if (timesWrites) {
      ctx.write(bytes).addListener(written -> taken(ctx, written.cause()));
    } else {
      ctx.write(bytes, ctx.voidPromise());
    }
  }

  /// A write with a promise of its own does not report its failure through the pipeline.
  private void taken(ChannelHandlerContext ctx, @Nullable Throwable cause) {
    if (cause == null) {
      takenNanos = System.nanoTime();
    } else {
      exceptionCaught(ctx, cause);
    }
  }

  private static void run(ChannelHandlerContext ctx, Command command) {
    switch (command) {
      case CLOSE_AFTER_WRITES -> Closing.afterWrites(ctx.channel());
      case CLOSE -> ctx.close();
    }
  }

  // ---- the handler of the far channel ----

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (ctx.channel().isActive()) {
      attach(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    attach(ctx);
    ctx.fireChannelActive();
  }

  private void attach(ChannelHandlerContext ctx) {
    if (far != null) {
      if (!ctx.equals(far)) {
        ctx.close();
      }
      return;
    }
    ctx.channel().config().setAutoRead(false);
    sameLoop = near.inEventLoop();
    far = ctx;
    runCommands();
    ctx.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf bytes)) {
      ReferenceCountUtil.release(message);
      return;
    }
    int size = bytes.readableBytes();
    unconsumedBytes.addAndGet(size);
    if (sameLoop) {
      deliver(bytes);
    } else {
      events.add(bytes);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (sameLoop) {
      endBatch();
    } else {
      scheduleEvents();
    }
    readOn(ctx);
  }

  private void readOn(ChannelHandlerContext ctx) {
    if (inputEnded) {
      return;
    }
    if (unconsumedBytes.get() < windowBytes) {
      ctx.read();
      return;
    }
    farStalled.set(true);
    if (unconsumedBytes.get() <= windowBytes / 2 && farStalled.compareAndSet(true, false)) {
      ctx.read();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ctx.channel().isWritable()) {
      tellWritable();
    }
  }

  private void tellWritable() {
    if (nearWaits.get() && writableNow() && nearWaits.compareAndSet(true, false)) {
      event(Event.WRITABLE);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == PeerFinished.INSTANCE) {
      event(Event.PEER_FINISHED);
    } else if (event == ChannelInputShutdownEvent.INSTANCE) {
      inputEnded = true;
      if (failure == null) {
        event(Event.INPUT_ENDED);
      } else {
        // Where half-closure is allowed, Netty tells a reset like an end of input.
        ctx.close();
      }
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // A write that fails because the channel closes says nothing new.
    if (ctx.equals(far) && !(cause instanceof ClosedChannelException) && failure == null) {
      failure = cause;
    }
    // A failed read closes the channel by itself. A failed write does not where AUTO_CLOSE is off,
    // and the peer's last words may still wait to be read.
    if (!(cause instanceof IOException)) {
      ctx.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (ctx.equals(far) && !closed) {
      closed = true;
      event(Event.CLOSED);
      runCommands();
    }
    ctx.fireChannelInactive();
  }

  // ---- events ----

  private void event(Event event) {
    if (sameLoop) {
      if (event == Event.INPUT_ENDED || event == Event.CLOSED) {
        endBatch();
      }
      deliver(event);
    } else {
      events.add(event);
      scheduleEvents();
    }
  }

  private void scheduleEvents() {
    if (eventsScheduled.compareAndSet(false, true)) {
      if (!runs(near, runEvents)) {
        eventsScheduled.set(false);
        releaseAll(events);
      }
    }
  }

  /// On the near loop.
  private void runEvents() {
    eventsScheduled.set(false);
    for (Object next = events.poll(); next != null; next = events.poll()) {
      if (next instanceof ByteBuf bytes) {
        deliver(bytes);
      } else {
        endBatch();
        deliver((Event) next);
      }
    }
    endBatch();
  }

  private void deliver(ByteBuf bytes) {
    Listener to = listener;
    if (to == null) {
      consumed(bytes.readableBytes());
      bytes.release();
      return;
    }
    bytesInBatch = true;
    to.farRead(bytes);
  }

  private void endBatch() {
    if (bytesInBatch) {
      bytesInBatch = false;
      Listener to = listener;
      if (to != null) {
        to.farReadComplete();
      }
    }
  }

  private void deliver(Event event) {
    Listener to = listener;
    if (to == null) {
      return;
    }
    switch (event) {
      case WRITABLE -> to.farWritable();
      case PEER_FINISHED -> to.farPeerFinished();
      case INPUT_ENDED -> to.farInputEnded();
      case CLOSED -> {
        listener = null;
        to.farClosed(failure);
      }
    }
  }

  /// Runs the task on its loop; false if that has ended, in which case its channels are gone too
  /// and nobody else will take what is queued for it.
  private static boolean runs(EventLoop loop, Runnable task) {
    try {
      loop.execute(task);
      return true;
    } catch (RejectedExecutionException _) {
      return false;
    }
  }

  private static void releaseAll(Queue<Object> queue) {
    for (Object next = queue.poll(); next != null; next = queue.poll()) {
      ReferenceCountUtil.release(next);
    }
  }

  /// Says whether the far channel has become active; from then on something may have been sent.
  public boolean wasOpened() {
    return far != null;
  }

  /// The far channel, once it is there.
  public @Nullable Channel channel() {
    ChannelHandlerContext ctx = far;
    return ctx == null ? null : ctx.channel();
  }
}
