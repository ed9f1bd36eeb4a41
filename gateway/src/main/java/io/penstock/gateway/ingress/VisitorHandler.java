package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.Closing;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadResult;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.LazyTimer;
import io.penstock.transport.relay.OutputProgress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One visitor connection: reads a request, lets a [VisitorExchange] answer it, and goes on with
/// the next.
///
/// ```
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
final class VisitorHandler extends ChannelInboundHandlerAdapter implements VisitorExchange.Outlet {

  private enum State {
    HEAD,
    EXCHANGE,
    DRAINING,
    LINGERING,
    CLOSED
  }

  private static final Logger LOG = LoggerFactory.getLogger(VisitorHandler.class);

  private static final BodyRelay.Output DISCARD = ByteBuf::release;

  private final Channel channel;
  private final IngressSetup setup;
  private final Visitor visitor;
  private final HeadReader requests;
  private final HeadReader responses;
  private final LazyTimer timer;
  private final OutputProgress output;
  private State state = State.HEAD;
  private @Nullable VisitorExchange exchange;
  private @Nullable BodyRelay unread;
  private @Nullable ByteBuf held;
  private boolean serving;
  private boolean inputEnded;
  private int drainedBytes;

  /// @param channel a registered channel, whose last handler this becomes
  /// @param scheme `http` or `https`
  VisitorHandler(Channel channel, IngressSetup setup, String scheme) {
    this.channel = channel;
    this.setup = setup;
    this.visitor = Visitor.of(channel.remoteAddress(), scheme, setup.proxies());
    this.requests = setup.requestReader();
    this.responses = setup.responseReader();
    this.timer = new LazyTimer(channel.eventLoop(), this::limitReached);
    this.output = new OutputProgress(channel);
  }

  // ---- events of the channel ----

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    setup.counters().connectionOpened();
    timer.set(System.nanoTime(), setup.timeouts().headNanos());
    readMore();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf in)) {
      ReferenceCountUtil.release(message);
      return;
    }
    setup.counters().received(in.readableBytes());
    VisitorExchange current = exchange;
    switch (state) {
      case HEAD -> {
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
    HttpExchange http = exchange == null ? null : exchange.http();
    if (http != null) {
      http.nearReadComplete();
    }
    readMore();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    HttpExchange http = exchange == null ? null : exchange.http();
    if (http != null) {
      http.nearWritable();
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
    setup.counters().connectionClosed();
    timer.stop();
    VisitorExchange left = exchange;
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
        failed(pageFor(fault));
      }
      case HeadResult.Incomplete _ -> {
        in.release();
        if (fresh && !requests.isEmpty()) {
          timer.set(System.nanoTime(), setup.timeouts().headNanos());
        }
      }
    }
  }

  private void begin(HttpHead head) {
    RequestTarget target = RequestTarget.of(head);
    if (target == null) {
      failed(ErrorPage.BAD_REQUEST);
      return;
    }
    VisitorExchange started =
        new VisitorExchange(setup, this, visitor, channel, new VisitorExchange.Start(head, target));
    exchange = started;
    state = State.EXCHANGE;
    timer.set(System.nanoTime(), setup.timeouts().checkNanos());
    started.begin(head, responses);
    feed(started);
  }

  /// Gives the exchange what came behind the head, or behind the request when that is its own.
  private void feed(VisitorExchange current) {
    ByteBuf body = held;
    if (current.equals(exchange) && body != null) {
      held = null;
      hold(current.nearRead(body));
      HttpExchange http = current.http();
      if (http != null) {
        http.nearReadComplete();
      }
    }
  }

  private static ErrorPage pageFor(HeadResult.Fault fault) {
    return switch (fault) {
      case TOO_LARGE, TOO_MANY_FIELDS -> ErrorPage.HEAD_TOO_LARGE;
      case TARGET_TOO_LONG -> ErrorPage.TARGET_TOO_LONG;
      case BAD_VERSION -> ErrorPage.VERSION;
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
          ErrorPage.BAD_REQUEST;
    };
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

  @Override
  public void responseEnded(boolean keepAlive) {
    VisitorExchange left = exchange;
    exchange = null;
    if (!keepAlive || left == null) {
      linger();
    } else if (left.requestDone()) {
      nextRequest();
    } else {
      unread = left.asked().body();
      drainedBytes = 0;
      enter(State.DRAINING);
      timer.set(System.nanoTime(), setup.timeouts().drainNanos());
      readMore();
    }
  }

  @Override
  public void failed(ErrorPage page) {
    VisitorExchange left = exchange;
    exchange = null;
    boolean close =
        left == null
            || !left.keepAliveAsked()
            || !left.requestDone()
            || setup.draining().getAsBoolean();
    ErrorPage.Manner manner =
        left == null ? new ErrorPage.Manner(null, null, false, true) : left.manner(close);
    ByteBuf bytes = page.render(channel.alloc(), manner);
    setup.counters().sent(bytes.readableBytes());
    if (left == null) {
      noteRefusal(page, bytes.readableBytes());
    }
    channel.writeAndFlush(bytes, channel.voidPromise());
    if (close) {
      linger();
    } else {
      nextRequest();
    }
  }

  /// Counts and logs a head that never became a request.
  private void noteRefusal(ErrorPage page, int sentBytes) {
    setup.counters().responded(page.status());
    if (setup.log().isOn()) {
      setup.log().write(AccessLog.Line.refusal(visitor.address(), page, sentBytes));
    }
  }

  @Override
  public void tunnelStarted() {
    VisitorExchange current = exchange;
    if (current != null) {
      feed(current);
    }
  }

  @Override
  public void tunnelEnded() {
    exchange = null;
    finish();
  }

  @Override
  public void abort() {
    exchange = null;
    enter(State.CLOSED);
    Closing.abort(channel);
  }

  private void nextRequest() {
    if (state == State.CLOSED) {
      return;
    }
    if (setup.draining().getAsBoolean()) {
      finish();
      return;
    }
    enter(State.HEAD);
    timer.set(System.nanoTime(), setup.timeouts().keepAliveNanos());
    serve();
    readMore();
  }

  /// Closes when the visitor has what was written, as long as it keeps taking it.
  private void finish() {
    enter(State.CLOSED);
    Closing.afterWrites(channel, setup.timeouts().stallNanos());
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
    timer.set(System.nanoTime(), setup.timeouts().drainNanos());
    Closing.outputAfterWrites(channel);
    readMore();
  }

  /// Closes if nothing is under way: the gateway is draining.
  void closeIfIdle() {
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
          case EXCHANGE -> held == null && exchange != null && wantsInput(exchange);
          case CLOSED -> false;
        };
    if (wanted && !inputEnded) {
      channel.read();
    }
  }

  private static boolean wantsInput(VisitorExchange current) {
    HttpExchange http = current.http();
    return http != null && (http.requestDone() || http.wantsInput());
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
    return drainedBytes > setup.config().maxDrainBytes();
  }

  private void inputEnded() {
    inputEnded = true;
    VisitorExchange current = exchange;
    if (state == State.EXCHANGE && current != null) {
      HttpExchange http = current.http();
      if (http != null && http.isTunnel()) {
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
          failed(ErrorPage.REQUEST_TIMEOUT);
        }
      }
      case EXCHANGE -> checkExchange();
      case DRAINING, LINGERING -> {
        if (!isStillSending()) {
          enter(State.CLOSED);
          channel.close();
        }
      }
      case CLOSED -> {}
    }
  }

  /// The limits on a silent visitor begin when it has the response: until then it is a slow one.
  private boolean isStillSending() {
    long now = System.nanoTime();
    boolean sending = output.patience(now, setup.timeouts().stallNanos()) > 0;
    if (sending) {
      timer.set(now, setup.timeouts().drainNanos());
    }
    return sending;
  }

  private void checkExchange() {
    VisitorExchange current = exchange;
    if (current != null) {
      long now = System.nanoTime();
      long again = current.checkLimits(now);
      if (exchange == current) {
        timer.set(now, Math.min(again, setup.timeouts().checkNanos()));
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
