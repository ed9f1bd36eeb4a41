package io.penstock.transport.smux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxCloseReason.SessionEnd;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxEvent;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.protocol.smux.SmuxSession;
import io.penstock.protocol.smux.SmuxStream;
import io.penstock.transport.EngineLoop;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The handler that runs a smux session over the channel that it is added to.
///
/// It is the last handler of its pipeline, after TLS, and owns the channel's reading: auto-read is
/// switched off while the engine wants no input. Output is handed to the channel only while that is
/// writable, so a slow peer fills the streams' queues and stops their writers. Reads are answered
/// and flushed once per batch, writes of the streams once per turn of the event loop.
///
/// When the session ends, so does the channel, and when the channel ends, so does the session; all
/// streams then fail with a [SmuxException]. All methods are called on the channel's event loop.
public final class SmuxConnection extends ChannelDuplexHandler {

  private static final Logger LOG = LoggerFactory.getLogger(SmuxConnection.class);

  private final SmuxConfig config;
  private final SmuxRole role;
  private final Listener listener;
  private @Nullable Link link;
  private volatile Pause pause = new Pause(0, Pause.NONE);

  /// What the owner of a connection is told, on its event loop.
  public interface Listener {

    /// Says that the peer opened a stream. The channel is registered after this returns, so that
    /// the handlers added here see everything.
    void streamAccepted(SmuxStreamChannel stream);

    /// Says that the session has ended; called once, after all its streams were told.
    void closed(SmuxCloseReason reason);
  }

  /// @param config what the session is to use; version and keep-alive must suit the peer
  /// @param role which end of the connection this is
  /// @param listener is told of accepted streams and of the end
  public SmuxConnection(SmuxConfig config, SmuxRole role, Listener listener) {
    this.config = config;
    this.role = role;
    this.listener = listener;
  }

  // ---- commands and queries ----

  /// Opens a stream whose pipeline starts with `initializer`; its channel is active on return.
  ///
  /// @throws IllegalStateException if [#canOpenStreams] is false
  public SmuxStreamChannel openStream(ChannelHandler initializer) {
    Link l = link();
    SmuxStreamChannel stream = new SmuxStreamChannel(this, l.session.open());
    stream.pipeline().addLast(initializer);
    var _ = l.context.channel().eventLoop().register(stream);
    l.loop.runSoon();
    return stream;
  }

  /// Whether streams can be opened: the session is live and its ids are not used up.
  public boolean canOpenStreams() {
    return link != null && link.session.canOpen();
  }

  /// Sends FIN on every stream after what was written, flushes, and closes the channel.
  public void shutdown() {
    Link l = link();
    l.session.shutdown(EngineLoop.nowNanos());
    l.loop.run();
  }

  /// Closes the session and the channel at once; every stream fails with `reason`.
  public void close(SmuxCloseReason reason) {
    Link l = link();
    l.session.close(reason);
    l.loop.run();
  }

  /// The number of streams that are not closed here, or whose FIN is not out yet.
  public int streams() {
    return link().session.streams();
  }

  /// When any part of a frame was last received, on the clock of [EngineLoop#nowNanos].
  public long lastFrameReceivedNanos() {
    return link().session.lastFrameReceivedNanos();
  }

  /// How long the engine has wanted no input, in all, so far. Callable from any thread.
  ///
  /// What the peer sends in that time waits in the network, so its silence means nothing.
  public long inputPausedNanos() {
    Pause known = pause;
    return known.sinceNanos == Pause.NONE
        ? known.endedNanos
        : known.endedNanos + (EngineLoop.nowNanos() - known.sinceNanos);
  }

  /// The channel below.
  public Channel channel() {
    return link().context.channel();
  }

  private Link link() {
    Link l = link;
    if (l == null) {
      throw new IllegalStateException("the handler is not in a pipeline");
    }
    return l;
  }

  void engineChanged() {
    link().loop.runSoon();
  }

  // ---- the channel below ----

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    SmuxSession session = new SmuxSession(config, role, ctx.alloc(), EngineLoop.nowNanos());
    EngineLoop loop = new EngineLoop(ctx.channel().eventLoop(), session, this::drain);
    link = new Link(ctx, session, loop);
    if (ctx.channel().isActive()) {
      loop.run();
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    close(SessionEnd.CLOSED);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    link().loop.run();
    ctx.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    if (msg instanceof ByteBuf bytes) {
      SmuxSession session = link().session;
      session.receive(bytes, EngineLoop.nowNanos());
      if (!session.wantsInput()) {
        pauseInput(ctx.channel().config());
      }
    } else {
      ReferenceCountUtil.release(msg);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    link().loop.run();
    ctx.fireChannelReadComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (ctx.channel().isWritable()) {
      link().loop.run();
    }
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    close(SessionEnd.PEER_CLOSED);
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("smux connection {} failed", ctx.channel(), cause);
    close(new SmuxCloseReason.ConnectionFailed(cause.toString()));
  }

  // ---- the engine ----

  private boolean drain() {
    Link l = link();
    boolean moved = false;
    for (SmuxEvent event = l.session.pollEvent(); event != null; event = l.session.pollEvent()) {
      moved = true;
      onEvent(l, event);
    }
    for (SmuxStream stream = l.session.pollReady();
        stream != null;
        stream = l.session.pollReady()) {
      moved = true;
      if (stream.attachment() instanceof SmuxStreamChannel channel) {
        channel.onReady();
      }
    }
    if (transmit(l)) {
      moved = true;
    }
    if (l.session.wantsInput()) {
      resumeInput(l.context.channel().config());
    }
    return moved || l.session.isClosed();
  }

  private void pauseInput(ChannelConfig below) {
    if (below.isAutoRead()) {
      below.setAutoRead(false);
      pause = new Pause(pause.endedNanos, EngineLoop.nowNanos());
    }
  }

  private void resumeInput(ChannelConfig below) {
    if (!below.isAutoRead()) {
      pause = new Pause(inputPausedNanos(), Pause.NONE);
      below.setAutoRead(true);
    }
  }

  private static boolean transmit(Link l) {
    Channel channel = l.context.channel();
    boolean wrote = false;
    while (channel.isWritable()) {
      ByteBuf next = l.session.transmit();
      if (next == null) {
        break;
      }
      wrote = true;
      var _ = l.context.write(next, channel.voidPromise());
    }
    if (wrote) {
      l.context.flush();
    }
    return wrote;
  }

  private void onEvent(Link l, SmuxEvent event) {
    switch (event) {
      case SmuxEvent.StreamOpened(SmuxStream stream) -> accept(l, stream);
      case SmuxEvent.StreamCut(SmuxStream stream, SmuxCloseReason reason) -> {
        if (stream.attachment() instanceof SmuxStreamChannel channel) {
          channel.onCut(new SmuxException(reason));
        }
      }
      case SmuxEvent.Closed(SmuxCloseReason reason) -> {
        l.loop.stop();
        listener.closed(reason);
        var _ = l.context.close();
      }
    }
  }

  private void accept(Link l, SmuxStream stream) {
    SmuxStreamChannel channel = new SmuxStreamChannel(this, stream);
    try {
      listener.streamAccepted(channel);
      var _ = l.context.channel().eventLoop().register(channel);
    } catch (RuntimeException e) {
      LOG.warn("stream {} of {} was not accepted", stream.id(), l.context.channel(), e);
      channel.unsafe().closeForcibly();
    }
  }

  /// How long input was paused in all that have ended, and since when it is.
  private record Pause(long endedNanos, long sinceNanos) {
    static final long NONE = Long.MIN_VALUE;
  }

  /// What exists once the handler is in a pipeline.
  private record Link(ChannelHandlerContext context, SmuxSession session, EngineLoop loop) {}
}
