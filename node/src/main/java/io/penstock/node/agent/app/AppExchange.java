package io.penstock.node.agent.app;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import org.jspecify.annotations.Nullable;

/// One request from a stream to the local app and its response back.
///
/// It takes an idle connection to the app or opens one. A request that can be sent again is, once,
/// when an idle connection turns out to be closed; the others get a connection that was used a
/// moment ago, or a new one. It ends exactly once, by the [Outlet] or by [#abandon].
///
/// Runs on the event loop of the stream.
final class AppExchange implements HttpExchange.Owner {

  /// The stream, to which the exchange says how it ended.
  interface Outlet {

    /// The response has passed whole.
    ///
    /// @param endsWithConnection whether the end of the stream has to end its body
    void responseEnded(boolean endsWithConnection);

    /// Nothing has been sent yet, and this is the response; the outlet owns it.
    void answered(ByteBuf response);

    /// The app has ended an upgraded connection.
    void tunnelEnded();

    /// A response has begun and cannot be finished.
    void cutShort();
  }

  private final Channel stream;
  private final AppConnections connections;
  private final AppLoop loop;
  private final HeadReader responses;
  private final Outlet outlet;
  private final RequestLog log;
  private final HttpExchange.Request asked;
  private final String method;
  private final String target;
  private final String host;
  private final long startNanos = System.nanoTime();
  private @Nullable HttpExchange http;
  private @Nullable ByteBuf again;
  private boolean endsWithConnection;
  private boolean ended;

  AppExchange(
      Channel stream, AppConnections connections, Outlet outlet, RequestLog log, HttpHead head) {
    this.stream = stream;
    this.connections = connections;
    this.loop = connections.on(stream.eventLoop());
    this.responses = loop.takeResponseReader();
    this.outlet = outlet;
    this.log = log;
    this.asked = HttpExchange.Request.of(head);
    this.method = head.method();
    this.target = head.target();
    String named = head.value(KnownField.HOST);
    this.host = named == null ? "" : named;
  }

  /// Sends the request on; `head` is not needed after it.
  void begin(HttpHead head) {
    ByteBuf rewritten = connections.heads().request(stream.alloc(), head, asked);
    boolean repeatable = asked.upgrade() == null && asked.body().isDone() && isIdempotent();
    IdleConnections.Need need = repeatable ? IdleConnections.Need.ANY : IdleConnections.Need.FRESH;
    FarEnd idle = loop.idle().take(need);
    if (idle == null) {
      connect(rewritten);
      return;
    }
    if (repeatable) {
      again = rewritten.retainedDuplicate();
    }
    start(idle).begin(rewritten);
  }

  private void connect(ByteBuf head) {
    FarEnd far = new FarEnd(stream.eventLoop(), AppConnections.WINDOW_BYTES);
    HttpExchange exchange = start(far);
    exchange.begin(head);
    Promise<Channel> opened = stream.eventLoop().newPromise();
    opened.addListener((Future<Channel> result) -> connectEnded(result, exchange));
    connections.open(stream.eventLoop(), far, opened);
  }

  private HttpExchange start(FarEnd far) {
    HttpExchange exchange = new HttpExchange(stream, this, responses, far, asked);
    http = exchange;
    return exchange;
  }

  private void connectEnded(Future<Channel> result, HttpExchange exchange) {
    if (!result.isSuccess()) {
      exchange.abandon();
      exchange.far().discard();
      answer(AppHeadWriter.appDown(stream.alloc(), asked.head()), 502);
    }
  }

  /// The methods of RFC 9110 section 9.2.2.
  private boolean isIdempotent() {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> false;
    };
  }

  // ---- what the stream asks and tells ----

  @Nullable ByteBuf nearRead(ByteBuf in) {
    HttpExchange exchange = http;
    if (exchange == null || ended) {
      in.release();
      return null;
    }
    return exchange.nearRead(in);
  }

  void nearReadComplete() {
    if (http != null) {
      http.nearReadComplete();
    }
  }

  void nearWritable() {
    if (http != null) {
      http.nearWritable();
    }
  }

  /// Says whether to read on: for the body, or to notice the end of the stream.
  boolean wantsInput() {
    HttpExchange exchange = http;
    return exchange != null && (exchange.requestDone() || exchange.wantsInput());
  }

  boolean isTunnel() {
    return http != null && http.isTunnel();
  }

  /// The stream has ended: a tunnel passes on what came before, anything else is cancelled.
  void nearEnded() {
    HttpExchange exchange = http;
    if (exchange != null && exchange.isTunnel() && !ended) {
      exchange.nearTunnelEnded();
      end(exchange.status());
    } else {
      abandon();
    }
  }

  /// The visitor is gone.
  void abandon() {
    HttpExchange exchange = http;
    if (!ended && exchange != null) {
      exchange.abandon();
      end(exchange.status());
    }
  }

  // ---- what the exchange tells ----

  @Override
  public boolean acceptResponse(HttpHead head) {
    head.drop(KnownField.APP_DOWN);
    return true;
  }

  @Override
  public void addResponseFields(ByteBuf out, boolean connectionEndsBody) {
    endsWithConnection = connectionEndsBody;
  }

  @Override
  public void tunnelStarted() {
    // The gateway sends nothing behind a request before it has the response.
  }

  @Override
  public void exchangeEnded(HttpExchange.Ending ending) {
    HttpExchange exchange = http;
    if (ended || exchange == null) {
      return;
    }
    switch (ending) {
      case COMPLETE -> {
        giveBack(exchange);
        end(exchange.status());
        outlet.responseEnded(endsWithConnection);
      }
      case TUNNEL_ENDED -> {
        end(exchange.status());
        outlet.tunnelEnded();
      }
      case NO_RESPONSE -> noResponse(exchange);
      case BAD_RESPONSE, REFUSED ->
          answer(AppHeadWriter.plain(stream.alloc(), "502 Bad Gateway"), 502);
      case BAD_REQUEST -> {
        if (exchange.status() == 0) {
          answer(AppHeadWriter.plain(stream.alloc(), "400 Bad Request"), 400);
        } else {
          cut(exchange);
        }
      }
      case CUT_SHORT -> cut(exchange);
    }
  }

  private void giveBack(HttpExchange exchange) {
    if (exchange.farReusable()) {
      loop.idle().keep(exchange.far());
    } else {
      exchange.far().close();
    }
  }

  private void noResponse(HttpExchange exchange) {
    ByteBuf repeated = again;
    again = null;
    if (repeated != null && !exchange.farAnswered()) {
      connect(repeated);
      return;
    }
    if (repeated != null) {
      repeated.release();
    }
    answer(AppHeadWriter.appDown(stream.alloc(), asked.head()), 502);
  }

  private void cut(HttpExchange exchange) {
    end(exchange.status());
    outlet.cutShort();
  }

  private void answer(ByteBuf response, int status) {
    if (ended) {
      response.release();
      return;
    }
    end(status);
    outlet.answered(response);
  }

  private void end(int status) {
    assert !ended : "an exchange ends once";
    ended = true;
    loop.giveResponseReader(responses);
    ByteBuf unused = again;
    again = null;
    if (unused != null) {
      unused.release();
    }
    if (!log.equals(RequestLog.NONE)) {
      int query = target.indexOf('?');
      String path = query < 0 ? target : target.substring(0, query);
      log.requestEnded(
          new RequestLog.Entry(method, host, path, status, System.nanoTime() - startNanos));
    }
  }
}
