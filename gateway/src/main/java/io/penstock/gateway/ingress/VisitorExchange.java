package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.ExchangeLimits;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpConnection;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.HttpService;
import io.penstock.transport.relay.KnownField;
import io.penstock.transport.relay.RequestTarget;
import org.jspecify.annotations.Nullable;

/// One request of a visitor from its head to the end of its response: the route, the agent, the
/// stream, the limits, and what is said when one of them fails.
///
/// However it ends, the agent's stream is closed and the upstream is given back.
///
/// Runs on the event loop of the visitor's channel.
final class VisitorExchange implements HttpExchange.Owner, HttpService.Exchange {

  /// A stream that could not be opened is tried on another agent; nothing has been sent by then.
  static final int MAX_OPENS = 3;

  private final IngressSetup setup;
  private final HttpConnection connection;
  private final HeadReader responses;
  private final Channel channel;
  private final Visitor visitor;
  private final RequestTarget target;
  private final String method;
  private final String id;
  private final @Nullable String accept;
  private final HttpExchange.Request asked;
  private final boolean keepAliveAsked;
  private final long startNanos = System.nanoTime();
  private @Nullable Route route;
  private @Nullable Upstream upstream;
  private @Nullable HttpExchange http;
  private int opens;
  private boolean appDown;
  private boolean ended;
  private boolean endsWithConnection;

  VisitorExchange(IngressSetup setup, From from, HttpHead head, RequestTarget target) {
    this.setup = setup;
    this.connection = from.connection();
    this.responses = from.responses();
    this.visitor = from.visitor();
    this.channel = from.channel();
    this.target = target;
    this.method = head.method();
    this.id = RequestHeadWriter.requestId(head.value(KnownField.X_REQUEST_ID));
    this.accept = head.value(KnownField.ACCEPT);
    this.asked = HttpExchange.Request.of(head);
    this.keepAliveAsked =
        head.minorVersion() == 1
            ? !head.hasWord(KnownField.CONNECTION, "close")
            : head.hasWord(KnownField.CONNECTION, "keep-alive");
    setup.counters().requestStarted();
  }

  /// Where requests come from.
  ///
  /// @param responses a reader of response heads that the connection's exchanges share
  record From(Visitor visitor, Channel channel, HttpConnection connection, HeadReader responses) {}

  /// Finds route and agent and sends the request on.
  @Override
  public void begin(HttpHead head) {
    long limit = setup.config().maxBodyBytes();
    if (limit > 0 && head.contentLength() > limit) {
      fail(ErrorPage.BODY_TOO_LARGE);
      return;
    }
    Route found = setup.routes().match(target.host(), target.path()).orElse(null);
    if (found == null) {
      fail(ErrorPage.NO_ROUTE);
      return;
    }
    route = found;
    Upstream chosen = choose(found);
    if (chosen == null) {
      fail(ErrorPage.NO_AGENT);
      return;
    }
    ByteBuf rewritten =
        RequestHeadWriter.write(
            channel.alloc(), head, target, visitor, new RequestHeadWriter.Asked(id, asked));
    FarEnd far = new FarEnd(channel.eventLoop(), setup.config().relayWindowBytes());
    HttpExchange exchange = new HttpExchange(channel, this, responses, far, asked);
    http = exchange;
    exchange.begin(rewritten);
    open(chosen, far);
  }

  private @Nullable Upstream choose(Route found) {
    return switch (setup.upstreams().choose(found)) {
      case Upstreams.Chosen(Upstream chosen) -> {
        upstream = chosen;
        yield chosen;
      }
      case Upstreams.None _ -> null;
    };
  }

  private void open(Upstream chosen, FarEnd far) {
    opens++;
    // A stream that opens needs no task on this loop: the far end knows by itself.
    Promise<Channel> stream = ImmediateEventExecutor.INSTANCE.newPromise();
    stream.addListener(
        (Future<Channel> result) -> {
          if (!result.isSuccess()) {
            channel.eventLoop().execute(() -> openFailed(far));
          }
        });
    chosen.open(far, stream);
  }

  private void openFailed(FarEnd far) {
    if (far.wasOpened()) {
      return;
    }
    if (ended) {
      far.discard();
      return;
    }
    releaseUpstream();
    Upstream next = opens < MAX_OPENS && route != null ? choose(route) : null;
    if (next != null) {
      open(next, far);
    } else {
      fail(ErrorPage.NO_AGENT);
      far.discard();
    }
  }

  // ---- what the connection asks and tells ----

  @Override
  public boolean requestDone() {
    return asked.body().isDone() || (http != null && http.requestDone());
  }

  @Override
  public BodyRelay body() {
    return asked.body();
  }

  @Override
  public boolean isTunnel() {
    return http != null && http.isTunnel();
  }

  @Override
  public void nearReadComplete() {
    if (http != null) {
      http.nearReadComplete();
    }
  }

  @Override
  public void nearWritable() {
    if (http != null) {
      http.nearWritable();
    }
  }

  @Override
  public boolean wantsInput() {
    return http != null && (http.requestDone() || http.wantsInput());
  }

  /// Passes on what came of the body, within the limit on its size.
  @Override
  public @Nullable ByteBuf nearRead(ByteBuf in) {
    HttpExchange exchange = http;
    if (exchange == null || ended) {
      in.release();
      return null;
    }
    ByteBuf rest = exchange.nearRead(in);
    long limit = setup.config().maxBodyBytes();
    if (!ended && limit > 0 && !exchange.isTunnel() && exchange.requestBytes() > limit) {
      stop(ErrorPage.BODY_TOO_LARGE);
    }
    return rest;
  }

  @Override
  public void abandon() {
    end("visitor_gone", false);
  }

  /// Ends the exchange by a page where none of a response has been sent, by an abort otherwise.
  void stop(ErrorPage page) {
    HttpExchange exchange = http;
    if (exchange == null || exchange.isAwaiting()) {
      fail(page);
    } else {
      end(page.code(), false);
      connection.abort();
    }
  }

  @Override
  public long checkLimits(long nowNanos) {
    HttpExchange exchange = http;
    ExchangeLimits limits = setup.exchangeLimits();
    if (exchange == null) {
      return limits.openNanos();
    }
    long left = limits.left(exchange, nowNanos);
    if (left == 0) {
      stop(ExchangeLimits.nearIsLate(exchange) ? ErrorPage.REQUEST_TIMEOUT : ErrorPage.TIMEOUT);
    }
    return left;
  }

  // ---- what the exchange tells ----

  @Override
  public boolean acceptResponse(HttpHead head) {
    Upstream from = upstream;
    appDown = from != null && from.ownProtocol() && head.has(KnownField.APP_DOWN);
    head.drop(KnownField.APP_DOWN);
    return !appDown;
  }

  @Override
  public void addResponseFields(ByteBuf out, boolean connectionEndsBody) {
    endsWithConnection = connectionEndsBody;
    if (http != null && http.status() == 101) {
      return;
    }
    if (!keepsAlive()) {
      HeadWriter.field(out, "Connection", "close");
    } else if (asked.minorVersion() == 0) {
      HeadWriter.field(out, "Connection", "keep-alive");
    }
  }

  private boolean keepsAlive() {
    return keepAliveAsked && !endsWithConnection && !setup.draining().getAsBoolean();
  }

  @Override
  public void tunnelStarted() {
    connection.tunnelStarted();
  }

  @Override
  public void exchangeEnded(HttpExchange.Ending ending) {
    if (ended) {
      return;
    }
    switch (ending) {
      case COMPLETE -> {
        closeStream();
        end("ok", true);
        connection.responseEnded(keepsAlive());
      }
      case TUNNEL_ENDED -> {
        end("ok", true);
        connection.tunnelEnded();
      }
      case NO_RESPONSE -> fail(ErrorPage.AGENT_LOST);
      case BAD_RESPONSE -> fail(ErrorPage.BAD_RESPONSE);
      case REFUSED -> fail(appDown ? ErrorPage.APP_DOWN : ErrorPage.BAD_RESPONSE);
      case BAD_REQUEST -> stopBadRequest();
      case CUT_SHORT -> {
        end("cut_short", false);
        connection.abort();
      }
    }
  }

  /// The FIN that tells the agent that the response has been read to its end.
  private void closeStream() {
    if (http != null) {
      http.far().close();
    }
  }

  private void stopBadRequest() {
    if (http != null && http.status() != 0) {
      end(ErrorPage.BAD_REQUEST.code(), false);
      connection.abort();
    } else {
      fail(ErrorPage.BAD_REQUEST);
    }
  }

  private void fail(ErrorPage page) {
    if (ended) {
      return;
    }
    finish(page.status(), page.code(), true);
    answer(page);
  }

  private void answer(ErrorPage page) {
    boolean keepAlive = keepAliveAsked && requestDone() && !setup.draining().getAsBoolean();
    ByteBuf bytes =
        page.render(channel.alloc(), new ErrorPage.Manner(accept, id, asked.head(), !keepAlive));
    setup.counters().sent(bytes.readableBytes());
    connection.answered(bytes, keepAlive);
  }

  /// The agent's stream is closed after what was passed on.
  @Override
  public void endTunnel() {
    HttpExchange exchange = http;
    if (exchange != null) {
      exchange.nearTunnelEnded();
    }
    end("ok", true);
  }

  private void end(String outcome, boolean whole) {
    finish(http == null ? 0 : http.status(), outcome, whole);
  }

  private void finish(int status, String outcome, boolean whole) {
    if (ended) {
      return;
    }
    ended = true;
    HttpExchange exchange = http;
    long sent = 0;
    long received = 0;
    if (exchange != null) {
      exchange.abandon();
      sent = exchange.sentBytes();
      received = exchange.requestBytes();
    }
    releaseUpstream();
    setup.counters().sent(sent);
    setup.counters().requestEnded(status, whole);
    if (setup.log().isOn()) {
      setup.log().write(logLine(status, outcome, received, sent));
    }
  }

  private AccessLog.Line logLine(int status, String outcome, long received, long sent) {
    int query = target.path().indexOf('?');
    return new AccessLog.Line(
        id,
        visitor.address(),
        method,
        target.host(),
        query < 0 ? target.path() : target.path().substring(0, query),
        route == null ? null : route.name().toString(),
        status,
        outcome,
        received,
        sent,
        System.nanoTime() - startNanos);
  }

  private void releaseUpstream() {
    Upstream held = upstream;
    upstream = null;
    if (held != null) {
      held.finished();
    }
  }
}
