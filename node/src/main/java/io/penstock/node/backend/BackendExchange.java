package io.penstock.node.backend;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.relay.FarEnd;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import org.jspecify.annotations.Nullable;

/// One request from a near channel to a backend and its response back.
///
/// It takes an idle connection to the backend or opens one. A request that can be sent again is,
/// once, when an idle connection turns out to be closed; the others get a connection that was used
/// a moment ago, or a new one. It ends exactly once, by the [Outlet] or by [#abandon].
///
/// Runs on the event loop of the near channel.
public final class BackendExchange implements HttpExchange.Owner {

  /// The near channel's owner, to whom the exchange says how it goes.
  public interface Outlet {

    /// A final response head has come, or `101`; the outlet may drop fields.
    void response(HttpHead head);

    /// Appends fields to the response head; see [HttpExchange.Owner#addResponseFields].
    void addResponseFields(ByteBuf out, boolean endsWithConnection);

    /// The connection is upgraded.
    void tunnelStarted();

    /// The response has passed whole.
    ///
    /// @param endsWithConnection whether the end of the near channel has to end its body
    void responseEnded(boolean endsWithConnection);

    /// Nothing has been sent to the near channel, and nothing will be.
    void failed(Failure why);

    /// The backend has ended an upgraded connection.
    void tunnelEnded();

    /// A response has begun and cannot be finished.
    void cutShort();
  }

  /// Why there is no response.
  public enum Failure {
    /// The backend cannot be reached, or closed the connection without a word.
    DOWN,
    /// What it said is no response.
    BAD_RESPONSE,
    /// The body of the request is malformed.
    BAD_REQUEST
  }

  private final Channel near;
  private final BackendConnections connections;
  private final BackendLoop loop;
  private final HeadReader responses;
  private final Outlet outlet;
  private final HttpExchange.Request asked;
  private final String method;
  private final Version version;
  private @Nullable HttpExchange http;
  private @Nullable ByteBuf again;
  private boolean endsWithConnection;
  private boolean ended;

  /// How the backend is spoken to.
  public enum Version {
    HTTP_1_1,
    /// With prior knowledge, and over TLS by ALPN.
    HTTP_2
  }

  /// @param head of the request, before fields are dropped from it
  public BackendExchange(
      Channel near, BackendConnections connections, Outlet outlet, HttpHead head, Version version) {
    this.near = near;
    this.connections = connections;
    this.loop = connections.on(near.eventLoop());
    this.responses = loop.takeResponseReader();
    this.outlet = outlet;
    this.asked = HttpExchange.Request.of(head);
    this.method = head.method();
    this.version = version;
  }

  /// What of the request decides how the exchange goes.
  public HttpExchange.Request asked() {
    return asked;
  }

  /// Sends the request on.
  ///
  /// @param head rewritten for the backend; owned from now on
  public void begin(ByteBuf head) {
    boolean repeatable = asked.upgrade() == null && asked.body().isDone() && isIdempotent();
    IdleConnections.Need need = repeatable ? IdleConnections.Need.ANY : IdleConnections.Need.FRESH;
    FarEnd idle = version == Version.HTTP_1_1 ? loop.idle().take(need) : null;
    if (idle == null) {
      connect(head);
      return;
    }
    if (repeatable) {
      again = head.retainedDuplicate();
    }
    start(idle).begin(head);
  }

  private void connect(ByteBuf head) {
    FarEnd far = new FarEnd(near.eventLoop(), BackendConnections.WINDOW_BYTES);
    HttpExchange exchange = start(far);
    exchange.begin(head);
    Promise<Channel> opened = near.eventLoop().newPromise();
    opened.addListener((Future<Channel> result) -> connectEnded(result, exchange));
    switch (version) {
      case HTTP_1_1 -> connections.open(near.eventLoop(), far, opened);
      case HTTP_2 -> loop.http2().open(far, opened);
    }
  }

  private HttpExchange start(FarEnd far) {
    HttpExchange exchange = new HttpExchange(near, this, responses, far, asked);
    http = exchange;
    return exchange;
  }

  private void connectEnded(Future<Channel> result, HttpExchange exchange) {
    if (!result.isSuccess()) {
      exchange.abandon();
      exchange.far().discard();
      fail(Failure.DOWN);
    }
  }

  /// The methods of RFC 9110 section 9.2.2.
  private boolean isIdempotent() {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> false;
    };
  }

  // ---- what the near side asks and tells ----

  /// See [HttpExchange#nearRead].
  public @Nullable ByteBuf nearRead(ByteBuf in) {
    HttpExchange exchange = http;
    if (exchange == null || ended) {
      in.release();
      return null;
    }
    return exchange.nearRead(in);
  }

  /// See [HttpExchange#nearReadComplete].
  public void nearReadComplete() {
    if (http != null) {
      http.nearReadComplete();
    }
  }

  /// See [HttpExchange#nearWritable].
  public void nearWritable() {
    if (http != null) {
      http.nearWritable();
    }
  }

  /// Says whether to read on: for the body, or to notice the end of the near channel.
  public boolean wantsInput() {
    HttpExchange exchange = http;
    return exchange != null && (exchange.requestDone() || exchange.wantsInput());
  }

  /// Says whether the connection was upgraded.
  public boolean isTunnel() {
    return http != null && http.isTunnel();
  }

  /// The machinery; null before [#begin].
  public @Nullable HttpExchange http() {
    return http;
  }

  /// The status of the final response, or 0.
  public int status() {
    return http == null ? 0 : http.status();
  }

  /// The near channel has ended: a tunnel passes on what came before, anything else is cancelled.
  public void nearEnded() {
    HttpExchange exchange = http;
    if (exchange != null && exchange.isTunnel() && !ended) {
      exchange.nearTunnelEnded();
      end();
    } else {
      abandon();
    }
  }

  /// The near peer is gone.
  public void abandon() {
    HttpExchange exchange = http;
    if (!ended && exchange != null) {
      exchange.abandon();
      end();
    }
  }

  // ---- what the exchange tells ----

  @Override
  public boolean acceptResponse(HttpHead head) {
    outlet.response(head);
    return true;
  }

  @Override
  public void addResponseFields(ByteBuf out, boolean connectionEndsBody) {
    endsWithConnection = connectionEndsBody;
    outlet.addResponseFields(out, connectionEndsBody);
  }

  @Override
  public void tunnelStarted() {
    outlet.tunnelStarted();
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
        end();
        outlet.responseEnded(endsWithConnection);
      }
      case TUNNEL_ENDED -> {
        end();
        outlet.tunnelEnded();
      }
      case NO_RESPONSE -> noResponse(exchange);
      case BAD_RESPONSE, REFUSED -> fail(Failure.BAD_RESPONSE);
      case BAD_REQUEST -> {
        if (exchange.status() == 0) {
          fail(Failure.BAD_REQUEST);
        } else {
          cut();
        }
      }
      case CUT_SHORT -> cut();
    }
  }

  private void giveBack(HttpExchange exchange) {
    if (exchange.farReusable() && version == Version.HTTP_1_1) {
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
    fail(Failure.DOWN);
  }

  private void cut() {
    end();
    outlet.cutShort();
  }

  private void fail(Failure why) {
    if (!ended) {
      end();
      outlet.failed(why);
    }
  }

  private void end() {
    assert !ended : "an exchange ends once";
    ended = true;
    loop.giveResponseReader(responses);
    ByteBuf unused = again;
    again = null;
    if (unused != null) {
      unused.release();
    }
  }
}
