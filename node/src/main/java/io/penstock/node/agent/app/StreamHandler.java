package io.penstock.node.agent.app;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.transport.PeerFinished;
import io.penstock.transport.relay.Authority;
import io.penstock.transport.relay.Closing;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadResult;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import io.penstock.transport.relay.LazyTimer;
import io.penstock.transport.smux.SmuxStreamChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One accepted stream: reads its request, lets an [AppExchange] answer it, and waits for the
/// gateway to end the stream.
///
/// ```
///  HEAD ──► EXCHANGE ──response whole or cut short──► FINISHED ──FIN, or the wait is over──► CLOSED
///    │          └──FIN of the gateway──► CLOSED
///    └──ping, malformed──► FINISHED
/// ```
///
/// In `FINISHED` the tail of the response may still be here, for as long as its visitor pauses; how
/// long that may be is for the gateway to say. The wait for its FIN starts when all has left.
///
/// smux has one FIN and no reset, so a FIN that arrives during an exchange means that the visitor
/// is gone: the local request is cancelled at once. On an upgraded stream it ends the tunnel after
/// the bytes before it.
///
/// Runs on the event loop of the stream.
final class StreamHandler extends ChannelInboundHandlerAdapter implements AppExchange.Outlet {

  private static final Logger LOG = LoggerFactory.getLogger(StreamHandler.class);

  /// How often within the wait for the gateway's FIN we look whether all has left.
  private static final int LOOKS_PER_WAIT = 30;

  private enum State {
    HEAD,
    EXCHANGE,
    FINISHED,
    CLOSED
  }

  private final Channel stream;
  private final AppConfig config;
  private final RequestReaders readers;
  private final Exchanges exchanges;
  private @Nullable HeadReader requests;
  private final LazyTimer timer;
  private State state = State.HEAD;
  private @Nullable AppExchange exchange;
  private boolean sawUnsent;

  /// Makes what answers a request.
  @FunctionalInterface
  interface Exchanges {
    AppExchange start(Channel stream, AppExchange.Outlet outlet, HttpHead head);
  }

  StreamHandler(Channel stream, AppConfig config, RequestReaders readers, Exchanges exchanges) {
    this.stream = stream;
    this.config = config;
    this.readers = readers;
    this.exchanges = exchanges;
    this.requests = readers.take(stream.eventLoop());
    this.timer = new LazyTimer(stream.eventLoop(), this::limitReached);
  }

  // ---- events of the stream ----

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    timer.set(System.nanoTime(), config.headTimeout().toNanos());
    stream.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf in)) {
      ReferenceCountUtil.release(message);
      return;
    }
    AppExchange current = exchange;
    if (state == State.HEAD) {
      readHead(in);
    } else if (state == State.EXCHANGE && current != null) {
      // The gateway sends one request on a stream; what follows it is nothing.
      ReferenceCountUtil.release(current.nearRead(in));
    } else {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    AppExchange current = exchange;
    if (current != null) {
      current.nearReadComplete();
    }
    if (state != State.CLOSED && (current == null || current.wantsInput())) {
      stream.read();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    AppExchange current = exchange;
    if (current != null) {
      current.nearWritable();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == PeerFinished.INSTANCE) {
      peerFinished();
    } else if (event == ChannelInputShutdownEvent.INSTANCE) {
      inputEnded();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("stream failed: {}", cause.toString());
    stream.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    AppExchange left = exchange;
    enter(State.CLOSED);
    if (left != null) {
      left.nearEnded();
    }
  }

  // ---- the request ----

  private void readHead(ByteBuf in) {
    HeadReader reader = requests;
    if (reader == null) {
      in.release();
      return;
    }
    switch (reader.read(in)) {
      case HeadResult.Complete(HttpHead head) -> begin(head, in);
      case HeadResult.Fault fault -> {
        in.release();
        LOG.debug("request on a stream refused: {}", fault.text());
        answered(AppHeadWriter.plain(stream.alloc(), "400 Bad Request"));
      }
      case HeadResult.Incomplete _ -> in.release();
    }
  }

  private void begin(HttpHead head, ByteBuf rest) {
    if (isPing(head)) {
      rest.release();
      answered(AppHeadWriter.pong(stream.alloc()));
      return;
    }
    String target = head.target();
    if (!target.startsWith("/") && !target.equals("*")) {
      rest.release();
      answered(AppHeadWriter.plain(stream.alloc(), "400 Bad Request"));
      return;
    }
    AppExchange started = exchanges.start(stream, this, head);
    exchange = started;
    state = State.EXCHANGE;
    timer.clear();
    started.begin(head);
    giveReaderBack();
    if (rest.isReadable() && state == State.EXCHANGE) {
      ReferenceCountUtil.release(started.nearRead(rest));
    } else {
      rest.release();
    }
  }

  private static boolean isPing(HttpHead head) {
    if (!head.isMethod("GET") || !head.target().equals(TunnelNames.PING_PATH)) {
      return false;
    }
    String host = head.value(KnownField.HOST);
    return host != null && Authority.host(host).equals(TunnelNames.PING_HOST);
  }

  // ---- how it ends ----

  @Override
  public void responseEnded(boolean endsWithConnection) {
    if (endsWithConnection) {
      Closing.outputAfterWrites(stream);
    }
    finish();
  }

  @Override
  public void answered(ByteBuf response) {
    stream.writeAndFlush(response, stream.voidPromise());
    finish();
  }

  @Override
  public void tunnelEnded() {
    Closing.outputAfterWrites(stream);
    finish();
  }

  @Override
  public void cutShort() {
    // What has come of the body is passed on; the end inside the framing says that it is not all.
    Closing.outputAfterWrites(stream);
    finish();
  }

  private void finish() {
    if (state != State.CLOSED) {
      enter(State.FINISHED);
      timer.set(System.nanoTime(), config.finishWait().toNanos());
      stream.read();
    }
  }

  private void peerFinished() {
    AppExchange current = exchange;
    if (current != null && current.isTunnel()) {
      // The end comes in its place; this bounds how long the app may take for the bytes before it.
      timer.set(System.nanoTime(), config.finishWait().toNanos());
      return;
    }
    enter(State.CLOSED);
    if (current != null) {
      current.abandon();
    }
    stream.close();
  }

  private void inputEnded() {
    AppExchange current = exchange;
    if (current != null && current.isTunnel()) {
      enter(State.CLOSED);
      current.nearEnded();
      Closing.afterWrites(stream);
    } else {
      peerFinished();
    }
  }

  private void limitReached() {
    if (state == State.FINISHED && isAnythingUnsent()) {
      sawUnsent = true;
      timer.set(System.nanoTime(), Math.max(1, config.finishWait().toNanos() / LOOKS_PER_WAIT));
    } else if (sawUnsent) {
      sawUnsent = false;
      timer.set(System.nanoTime(), config.finishWait().toNanos());
    } else {
      stream.close();
    }
  }

  private boolean isAnythingUnsent() {
    if (stream instanceof SmuxStreamChannel smux) {
      return smux.unsentBytes() > 0;
    }
    ChannelOutboundBuffer queued = stream.unsafe().outboundBuffer();
    return queued != null && !queued.isEmpty();
  }

  /// The head has been looked at, or will not be.
  private void giveReaderBack() {
    HeadReader reader = requests;
    requests = null;
    if (reader != null) {
      readers.give(stream.eventLoop(), reader);
    }
  }

  private void enter(State next) {
    state = next;
    if (next != State.EXCHANGE) {
      exchange = null;
    }
    giveReaderBack();
    if (next == State.CLOSED) {
      timer.stop();
    }
  }
}
