package io.penstock.transport.codervpn;

import com.google.protobuf.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.CallStart;
import io.penstock.protocol.codervpn.HeaderForm;
import io.penstock.protocol.codervpn.ProtocolVersion;
import io.penstock.protocol.codervpn.Speaker;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.SpeakerEvent;
import io.penstock.transport.EngineLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The handler that runs one end of a codervpn stream over the channel that it is added to.
///
/// It is the last handler of its pipeline and owns the channel's reading: auto-read is switched off
/// while the engine wants no input. Output is handed to the channel only while that is writable.
/// What the peer asks and says is given to the owner's [Worker] on a virtual thread of its own; the
/// engine tells of the next only when that is done.
///
/// The stream and the channel end together. Methods of the channel's handler run on its event loop,
/// [#call], [#send] and [#finish] may be called from any thread.
final class SpeakerConnection<S extends Message, R extends Message>
    extends ChannelInboundHandlerAdapter {

  private static final Logger LOG = LoggerFactory.getLogger(SpeakerConnection.class);

  /// Makes the engine of a stream that has just been connected.
  interface Maker<S extends Message, R extends Message> {
    Speaker<S, R> make(SpeakerConfig config, ByteBufAllocator allocator, long nowNanos);
  }

  /// Does what the peer asks and takes what it says; called on a virtual thread and may block.
  interface Worker<S extends Message, R extends Message> {

    /// @return the reply, if the message is a request and gets one
    Optional<S> work(R message);
  }

  private final SpeakerConfig config;
  private final Maker<S, R> maker;
  private final Worker<S, R> worker;
  private final CompletableFuture<ProtocolVersion> opened = new CompletableFuture<>();
  private final CompletableFuture<SpeakerEnd> closed = new CompletableFuture<>();
  private final CallTable<R> calls = new CallTable<>();
  private final ArrayDeque<Unsent> unsent = new ArrayDeque<>();

  /// The bytes of messages on their way from their senders' threads to the engine.
  private final AtomicLong handedBytes = new AtomicLong();

  /// Completes on the event loop when there is a link.
  private final CompletableFuture<Void> connected = new CompletableFuture<>();

  private volatile @Nullable Link<S, R> link;
  private @Nullable Running running;

  SpeakerConnection(SpeakerConfig config, Maker<S, R> maker, Worker<S, R> worker) {
    this.config = config;
    this.maker = maker;
    this.worker = worker;
  }

  // ---- any thread ----

  /// Completes on the event loop when the headers are exchanged, or fails with a
  /// [CallFailedException].
  CompletionStage<ProtocolVersion> opened() {
    return opened.minimalCompletionStage();
  }

  /// Completes on the event loop when the stream is over.
  CompletionStage<SpeakerEnd> closed() {
    return closed.minimalCompletionStage();
  }

  /// Asks the peer something. The call completes on the event loop; cancelling it is telling the
  /// engine.
  ///
  /// @param typed what is wanted of the reply; empty when it is another one
  <T> CompletableFuture<T> call(S request, Duration limit, Function<R, Optional<T>> typed) {
    CompletableFuture<T> result = new CompletableFuture<>();
    hand(
        request,
        result,
        l -> {
          if (!result.isDone()) {
            start(l, request, limit, result, typed);
          }
        });
    var _ =
        result.whenComplete(
            (_, _) -> {
              if (result.isCancelled()) {
                onLoop(l -> calls.find(result).ifPresent(l.speaker::cancel));
              }
            });
    return result;
  }

  /// Sends a message that wants no reply; completes on the event loop when the connection has taken
  /// it.
  CompletableFuture<Void> send(S message) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    hand(
        message,
        result,
        l ->
            l.speaker
                .send(message, EngineLoop.nowNanos())
                .ifPresentOrElse(
                    fault -> fail(result, fault),
                    () -> unsent.add(new Unsent(l.speaker.offered(), result))));
    return result;
  }

  /// Ends the stream in good order; one whose channel is not connected yet ends when it is.
  void finish() {
    var _ = connected.thenRun(() -> onLoop(l -> l.speaker.finish(EngineLoop.nowNanos())));
  }

  private void hand(S message, CompletableFuture<?> result, Consumer<Link<S, R>> task) {
    if (link == null) {
      result.completeExceptionally(new IllegalStateException("the channel is not connected yet"));
      return;
    }
    int bytes = message.getSerializedSize();
    long all = handedBytes.addAndGet(bytes);
    if (all > config.maxOutputBytes() && all > bytes) {
      handedBytes.addAndGet(-bytes);
      fail(result, CallFault.Plain.OUTPUT_FULL);
      return;
    }
    boolean queued =
        onLoop(
            l -> {
              handedBytes.addAndGet(-bytes);
              try {
                task.accept(l);
              } catch (IllegalArgumentException | IllegalStateException e) {
                result.completeExceptionally(e);
              }
            });
    if (!queued) {
      handedBytes.addAndGet(-bytes);
      fail(result, new CallFault.StreamEnded(closed.getNow(SpeakerEnd.Orderly.CLOSED_HERE)));
    }
  }

  /// Runs a task on the event loop and drains the engine; false when there is none any more.
  private boolean onLoop(Consumer<Link<S, R>> task) {
    Link<S, R> l = link();
    Runnable run =
        () -> {
          task.accept(l);
          l.loop.run();
        };
    try {
      if (l.context.channel().eventLoop().inEventLoop()) {
        run.run();
      } else {
        l.context.channel().eventLoop().execute(run);
      }
      return true;
    } catch (RejectedExecutionException _) {
      return false;
    }
  }

  private static void fail(CompletableFuture<?> result, CallFault fault) {
    result.completeExceptionally(new CallFailedException(fault));
  }

  private <T> void start(
      Link<S, R> l,
      S request,
      Duration limit,
      CompletableFuture<T> result,
      Function<R, Optional<T>> typed) {
    switch (l.speaker.call(request, limit.toNanos(), EngineLoop.nowNanos())) {
      case CallStart.Waiting(long id) -> calls.add(id, result, typed);
      case CallStart.Refused(CallFault fault) -> fail(result, fault);
    }
  }

  // ---- the channel ----

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    // The peer's end and a broken output are told apart, so that what was sent before is read.
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    ctx.channel().config().setOption(ChannelOption.AUTO_CLOSE, false);
    if (ctx.channel().isActive()) {
      begin(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    begin(ctx);
    ctx.fireChannelActive();
  }

  private void begin(ChannelHandlerContext ctx) {
    if (link == null) {
      Speaker<S, R> speaker = maker.make(config, ctx.alloc(), EngineLoop.nowNanos());
      EngineLoop loop = new EngineLoop(ctx.channel().eventLoop(), speaker, this::drain);
      ChannelOutput output =
          new ChannelOutput(
              ctx, detail -> run(l -> l.speaker.outputFailed(detail, EngineLoop.nowNanos())));
      link = new Link<>(ctx, speaker, loop, output);
      loop.run();
      connected.complete(null);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    Link<S, R> l = link;
    if (l != null && msg instanceof ByteBuf bytes) {
      l.speaker.receive(bytes, EngineLoop.nowNanos());
      updateReading(l);
    } else {
      ReferenceCountUtil.release(msg);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    run(_ -> {});
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    run(_ -> {});
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    switch (event) {
      case ChannelInputShutdownEvent _ -> run(l -> l.speaker.inputEnded(EngineLoop.nowNanos()));
      case PipeChannel.OutputBroken(String detail) ->
          run(l -> l.speaker.outputFailed(detail, EngineLoop.nowNanos()));
      default -> ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    run(l -> l.speaker.connectionClosed(EngineLoop.nowNanos()));
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("codervpn stream {} failed", ctx.channel(), cause);
    String detail = String.valueOf(cause.getMessage());
    run(l -> l.speaker.connectionFailed(detail, EngineLoop.nowNanos()));
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (link == null) {
      end(new SpeakerEnd.ConnectionFailed("it was never established"));
    } else {
      run(l -> l.speaker.connectionClosed(EngineLoop.nowNanos()));
    }
  }

  private void run(Consumer<Link<S, R>> task) {
    Link<S, R> l = link;
    if (l != null) {
      task.accept(l);
      l.loop.run();
    }
  }

  // ---- the engine ----

  private boolean drain() {
    Link<S, R> l = link();
    boolean moved = transmit(l);
    for (SpeakerEvent<R> event = l.speaker.pollEvent();
        event != null;
        event = l.speaker.pollEvent()) {
      moved = true;
      on(l, event);
    }
    updateReading(l);
    return moved;
  }

  private boolean transmit(Link<S, R> l) {
    boolean wrote = false;
    while (l.output.isReady()) {
      ByteBuf next = l.speaker.transmit(EngineLoop.nowNanos());
      if (next == null) {
        break;
      }
      wrote = true;
      l.output.write(next);
    }
    if (wrote) {
      l.output.flush();
      while (!unsent.isEmpty() && unsent.getFirst().place <= l.speaker.handedOut()) {
        unsent.removeFirst().result.complete(null);
      }
    }
    return wrote;
  }

  private void updateReading(Link<S, R> l) {
    Channel channel = l.context.channel();
    boolean wanted = l.speaker.wantsInput();
    // Netty's epoll channels fail and close when they are to read after the end of their input.
    boolean ended = channel instanceof DuplexChannel duplex && duplex.isInputShutdown();
    if (!ended && channel.config().isAutoRead() != wanted) {
      channel.config().setAutoRead(wanted);
    }
  }

  private void on(Link<S, R> l, SpeakerEvent<R> event) {
    switch (event) {
      case SpeakerEvent.Opened<R>(ProtocolVersion version, HeaderForm form) -> {
        LOG.debug("codervpn stream {} of version {}, {}", l.context.channel(), version, form);
        opened.complete(version);
      }
      case SpeakerEvent.Request<R>(long ticket, R message) -> work(ticket, message);
      case SpeakerEvent.Notice<R>(long ticket, R message) -> work(ticket, message);
      case SpeakerEvent.StartCancelled<R>(long ticket) -> {
        Running current = running;
        if (current != null && current.ticket == ticket) {
          current.thread.interrupt();
        }
      }
      case SpeakerEvent.Replied<R>(long id, R message) -> calls.replied(id, message);
      case SpeakerEvent.CallFailed<R>(long id, CallFault fault) -> calls.failed(id, fault);
      case SpeakerEvent.Ignored<R>(SpeakerEvent.Ignored.Why why) ->
          LOG.debug("codervpn stream {} ignored a message: {}", l.context.channel(), why);
      case SpeakerEvent.OutputFinished<R> _ -> l.output.finish();
      case SpeakerEvent.Closed<R>(SpeakerEnd reason) -> {
        l.loop.stop();
        unsent.forEach(one -> fail(one.result, new CallFault.StreamEnded(reason)));
        unsent.clear();
        end(reason);
        l.output.close(config.closeTimeoutNanos());
      }
    }
  }

  private void work(long ticket, R message) {
    Thread thread =
        Thread.ofVirtual()
            .name("codervpn-" + ticket)
            .unstarted(
                () -> {
                  Optional<S> reply = reply(message);
                  if (!onLoop(l -> done(l, ticket, reply))) {
                    end(SpeakerEnd.Orderly.CLOSED_HERE);
                  }
                });
    running = new Running(ticket, thread);
    thread.start();
  }

  /// A worker that breaks must not stop the stream, whose next message waits for it.
  @SuppressWarnings("CatchThrowable")
  private Optional<S> reply(R message) {
    try {
      return worker.work(message);
    } catch (Throwable e) {
      LOG.error("a codervpn message was not handled", e);
      return Optional.empty();
    }
  }

  private void done(Link<S, R> l, long ticket, Optional<S> reply) {
    running = null;
    long now = EngineLoop.nowNanos();
    if (reply.isEmpty()) {
      l.speaker.release(ticket, now);
      return;
    }
    try {
      l.speaker.reply(ticket, reply.get(), now);
    } catch (IllegalArgumentException e) {
      LOG.error("codervpn stream {}: a request gets no reply", l.context.channel(), e);
      l.speaker.release(ticket, now);
    }
  }

  private void end(SpeakerEnd reason) {
    opened.completeExceptionally(new CallFailedException(new CallFault.StreamEnded(reason)));
    closed.complete(reason);
  }

  private Link<S, R> link() {
    Link<S, R> l = link;
    if (l == null) {
      throw new IllegalStateException("the channel is not connected yet");
    }
    return l;
  }

  /// What exists once the channel is connected.
  private record Link<S extends Message, R extends Message>(
      ChannelHandlerContext context,
      Speaker<S, R> speaker,
      EngineLoop loop,
      ChannelOutput output) {}

  /// A message that waits to be taken by the connection, and its place among all that was sent.
  private record Unsent(long place, CompletableFuture<Void> result) {}

  /// The message that a worker has in hand.
  private record Running(long ticket, Thread thread) {}
}
