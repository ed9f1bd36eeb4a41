package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server's end of one HTTP/1.1 connection: reads a request, lets an [HttpService.Exchange]
/// answer it, and goes on with the next.
///
/// ```
///  NEW ──active──► HEAD
///
///  HEAD ──parsed──► EXCHANGE ──response whole──► HEAD (keep-alive; pipelined input was held)
///    │                │   ├────request not whole─► DRAINING ──► HEAD
///    │                │   └────cut short─────────► CLOSED (by a reset)
///    └─────error page─┴──► HEAD, or LINGERING ──► CLOSED
/// ```
///
/// While a response is under way one read stays outstanding, so that a visitor who leaves is
/// noticed; what he pipelined is held, at most one read of it. The next request waits until the
/// visitor takes what answers the last one. A visitor's half-close is kept to ourselves until the
/// response has ended; over TLS there is none, and the closure alert means that he is gone.
///
/// Runs on the event loop of the visitor's channel.
public final class HttpConnection extends ChannelInboundHandlerAdapter {

  /// How much is taken, and how long is waited.
  ///
  /// @param head of a request
  /// @param headNanos from the first byte of a head, or the start of the connection, to its end
  /// @param keepAliveNanos between two requests
  /// @param checkNanos how often an exchange is asked about its limits, at least
  /// @param drainNanos for the rest of a request body
  /// @param maxDrainBytes of it
  /// @param stallNanos in which the visitor takes nothing of a response
  public record Limits(
      HeadReader.Limits head,
      long headNanos,
      long keepAliveNanos,
      long checkNanos,
      long drainNanos,
      int maxDrainBytes,
      long stallNanos) {}

  private enum State {
    NEW,
    HEAD,
    EXCHANGE,
    DRAINING,
    LINGERING,
    CLOSED
  }

  private static final Logger LOG = LoggerFactory.getLogger(HttpConnection.class);

  private static final BodyRelay.Output DISCARD = ByteBuf::release;

  private final Channel channel;
  private final HttpService service;
  private final Limits limits;
  private final HeadReader requests;
  private final LazyTimer timer;
  private final OutputProgress output;
  private State state = State.NEW;
  private HttpService.@Nullable Exchange exchange;
  private @Nullable BodyRelay unread;
  private @Nullable ByteBuf held;
  private boolean serving;
  private boolean inputEnded;
  private int drainedBytes;

  /// @param channel a registered channel without auto-read, whose last handler this becomes; it
  ///   allows half-closure unless it speaks TLS
  public HttpConnection(Channel channel, HttpService service, Limits limits) {
    this.channel = channel;
    this.service = service;
    this.limits = limits;
    this.requests = new HeadReader(HeadReader.Kind.REQUEST, limits.head());
    this.timer = new LazyTimer(channel.eventLoop(), this::limitReached);
    this.output = new OutputProgress(channel);
  }

  // ---- events of the channel ----

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (channel.isActive()) {
      begin();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    begin();
  }

  private void begin() {
    if (state == State.NEW) {
      service.opened();
      state = State.HEAD;
      timer.set(System.nanoTime(), limits.headNanos());
      readMore();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf in)) {
      ReferenceCountUtil.release(message);
      return;
    }
    service.received(in.readableBytes());
    HttpService.Exchange current = exchange;
    switch (state) {
      case NEW, HEAD -> {
        hold(in);
        serve();
      }
      case EXCHANGE -> {
        if (current != null) {
          hold(current.nearRead(in));
        }
      }
      case DRAINING -> drain(in);
      case LINGERING -> throwAway(in);
      case CLOSED -> in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    HttpService.Exchange current = exchange;
    if (current != null) {
      current.nearReadComplete();
    }
    readMore();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    HttpService.Exchange current = exchange;
    if (current != null) {
      current.nearWritable();
    } else if (state == State.HEAD && channel.isWritable()) {
      serve();
      readMore();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      inputEnded();
    } else if (event instanceof SslCloseCompletionEvent) {
      // TLS libraries end both directions with the closure alert, so there is nobody to answer.
      channel.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("visitor connection failed: {}", cause.toString());
    channel.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (state != State.NEW) {
      service.closed();
    }
    timer.stop();
    HttpService.Exchange left = exchange;
    enter(State.CLOSED);
    if (left != null) {
      left.abandon();
    }
  }

  // ---- requests ----

  /// Goes through what is held, request by request, until one has to wait for its answer or for the
  /// visitor to take those before it.
  private void serve() {
    if (serving) {
      return;
    }
    serving = true;
    try {
      while (state == State.HEAD && held != null && channel.isWritable()) {
        ByteBuf in = held;
        held = null;
        readHead(in);
      }
    } finally {
      serving = false;
    }
    if (state == State.HEAD && inputEnded && held == null) {
      finish();
    }
  }

  private void readHead(ByteBuf in) {
    boolean fresh = requests.isEmpty();
    switch (requests.read(in)) {
      case HeadResult.Complete(HttpHead head) -> {
        hold(in);
        begin(head);
      }
      case HeadResult.Fault fault -> {
        in.release();
        LOG.debug("request refused: {}", fault.text());
        refuse(refusal(fault));
      }
      case HeadResult.Incomplete _ -> {
        in.release();
        if (fresh && !requests.isEmpty()) {
          timer.set(System.nanoTime(), limits.headNanos());
        }
      }
    }
  }

  private void begin(HttpHead head) {
    HttpService.Exchange started = service.exchange(head, this);
    if (started == null) {
      refuse(HttpService.Refusal.MALFORMED);
      return;
    }
    exchange = started;
    state = State.EXCHANGE;
    timer.set(System.nanoTime(), limits.checkNanos());
    started.begin(head);
    feed(started);
  }

  /// Gives the exchange what came behind the head, or behind the request when that is its own.
  private void feed(HttpService.Exchange current) {
    ByteBuf body = held;
    if (current.equals(exchange) && body != null) {
      held = null;
      hold(current.nearRead(body));
      current.nearReadComplete();
    }
  }

  private static HttpService.Refusal refusal(HeadResult.Fault fault) {
    return switch (fault) {
      case TOO_LARGE, TOO_MANY_FIELDS -> HttpService.Refusal.HEAD_TOO_LARGE;
      case TARGET_TOO_LONG -> HttpService.Refusal.TARGET_TOO_LONG;
      case BAD_VERSION -> HttpService.Refusal.VERSION;
      case BARE_LF,
          BARE_CR,
          BAD_START_LINE,
          FOLDED,
          BAD_FIELD_NAME,
          BAD_FIELD_VALUE,
          BAD_HOST,
          BAD_LENGTH,
          BAD_TRANSFER_ENCODING,
          LENGTH_AND_ENCODING ->
          HttpService.Refusal.MALFORMED;
    };
  }

  private void refuse(HttpService.Refusal why) {
    answered(service.refusal(why), false);
  }

  private void hold(@Nullable ByteBuf more) {
    if (more == null) {
      return;
    }
    if (!more.isReadable() || state == State.CLOSED || state == State.LINGERING) {
      more.release();
    } else if (held == null) {
      held = more;
    } else {
      held = channel.alloc().compositeBuffer().addComponents(true, held, more);
    }
  }

  // ---- how an exchange ends ----

  /// The response has passed whole.
  ///
  /// @param keepAlive whether visitor and response leave the connection open
  public void responseEnded(boolean keepAlive) {
    HttpService.Exchange left = exchange;
    exchange = null;
    if (!keepAlive || left == null) {
      linger();
    } else if (left.requestDone()) {
      nextRequest();
    } else {
      unread = left.body();
      drainedBytes = 0;
      enter(State.DRAINING);
      timer.set(System.nanoTime(), limits.drainNanos());
      readMore();
    }
  }

  /// Nothing has been sent yet, and this is the whole response, which is owned from now on.
  ///
  /// @param keepAlive only when the request has been read to its end
  public void answered(ByteBuf response, boolean keepAlive) {
    exchange = null;
    channel.writeAndFlush(response, channel.voidPromise());
    if (keepAlive) {
      nextRequest();
    } else {
      linger();
    }
  }

  /// The connection is upgraded: what the visitor sent behind the request belongs to it.
  public void tunnelStarted() {
    HttpService.Exchange current = exchange;
    if (current != null) {
      feed(current);
    }
  }

  /// The upgraded connection was ended by the other side.
  public void tunnelEnded() {
    exchange = null;
    finish();
  }

  /// A response has begun and cannot be finished.
  public void abort() {
    exchange = null;
    enter(State.CLOSED);
    Closing.abort(channel);
  }

  private void nextRequest() {
    if (state == State.CLOSED) {
      return;
    }
    if (service.draining()) {
      finish();
      return;
    }
    enter(State.HEAD);
    timer.set(System.nanoTime(), limits.keepAliveNanos());
    serve();
    readMore();
  }

  /// Closes when the visitor has what was written, as long as it keeps taking it.
  private void finish() {
    enter(State.CLOSED);
    Closing.afterWrites(channel, limits.stallNanos());
  }

  /// Says that nothing more follows and waits a little for the visitor to close, because closing
  /// with input unread would make the kernel reset the connection and could cost the response.
  private void linger() {
    if (state == State.CLOSED) {
      return;
    }
    if (inputEnded) {
      finish();
      return;
    }
    enter(State.LINGERING);
    drainedBytes = 0;
    timer.set(System.nanoTime(), limits.drainNanos());
    Closing.outputAfterWrites(channel);
    readMore();
  }

  /// Closes if nothing is under way: the service is draining.
  public void closeIfIdle() {
    if (state == State.HEAD && requests.isEmpty() && held == null) {
      finish();
    }
  }

  // ---- the rest ----

  private void readMore() {
    boolean wanted =
        switch (state) {
          case HEAD -> held == null && channel.isWritable();
          case DRAINING, LINGERING -> true;
          case EXCHANGE -> held == null && exchange != null && exchange.wantsInput();
          case NEW, CLOSED -> false;
        };
    if (wanted && !inputEnded) {
      channel.read();
    }
  }

  private void drain(ByteBuf in) {
    BodyRelay body = unread;
    if (body == null || tooMuch(in)) {
      in.release();
      linger();
      return;
    }
    hold(body.accept(in, DISCARD));
    if (body.isFaulty()) {
      linger();
    } else if (body.isDone()) {
      unread = null;
      nextRequest();
    }
  }

  private void throwAway(ByteBuf in) {
    boolean enough = tooMuch(in);
    in.release();
    if (enough) {
      enter(State.CLOSED);
      channel.close();
    }
  }

  private boolean tooMuch(ByteBuf in) {
    drainedBytes += in.readableBytes();
    return drainedBytes > limits.maxDrainBytes();
  }

  private void inputEnded() {
    inputEnded = true;
    HttpService.Exchange current = exchange;
    if (state == State.EXCHANGE && current != null) {
      if (current.isTunnel()) {
        exchange = null;
        current.endTunnel();
      } else if (current.requestDone()) {
        return;
      } else {
        channel.close();
        return;
      }
    }
    if (state != State.HEAD || held == null) {
      finish();
    }
  }

  private void limitReached() {
    switch (state) {
      case HEAD -> {
        if (isStillSending()) {
          return;
        }
        if (requests.isEmpty()) {
          enter(State.CLOSED);
          channel.close();
        } else {
          refuse(HttpService.Refusal.LATE);
        }
      }
      case EXCHANGE -> checkExchange();
      case DRAINING, LINGERING -> {
        if (!isStillSending()) {
          enter(State.CLOSED);
          channel.close();
        }
      }
      case NEW, CLOSED -> {}
    }
  }

  /// The limits on a silent visitor begin when it has the response: until then it is a slow one.
  private boolean isStillSending() {
    long now = System.nanoTime();
    boolean sending = output.patience(now, limits.stallNanos()) > 0;
    if (sending) {
      timer.set(now, limits.drainNanos());
    }
    return sending;
  }

  private void checkExchange() {
    HttpService.Exchange current = exchange;
    if (current != null) {
      long now = System.nanoTime();
      long again = current.checkLimits(now);
      if (current.equals(exchange)) {
        timer.set(now, Math.min(again, limits.checkNanos()));
      }
    }
  }

  private void enter(State next) {
    state = next;
    if (next == State.CLOSED || next == State.LINGERING) {
      exchange = null;
      ByteBuf dropped = held;
      held = null;
      if (dropped != null) {
        dropped.release();
      }
    }
  }
}
