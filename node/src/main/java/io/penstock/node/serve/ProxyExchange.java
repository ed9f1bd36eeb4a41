package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.penstock.node.backend.BackendConnections;
import io.penstock.node.backend.BackendExchange;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.ExchangeLimits;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpConnection;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.HttpService;
import org.jspecify.annotations.Nullable;

/// One request of a visitor to a backend and its response back.
///
/// Runs on the event loop of the visitor's connection.
final class ProxyExchange implements HttpService.Exchange, BackendExchange.Outlet {

  /// The visitor's connection and how long it is waited on.
  ///
  /// @param keepAlive whether the visitor wants to go on after this request
  record Near(
      Channel channel,
      HttpConnection connection,
      HttpService service,
      ExchangeLimits limits,
      boolean keepAlive) {}

  private final Near near;
  private final RequestHead.Route route;
  private final BackendExchange backend;
  private boolean endsWithConnection;

  /// @param head of the request, whole
  ProxyExchange(
      Near near,
      RequestHead.Route route,
      BackendConnections connections,
      BackendExchange.Version version,
      HttpHead head) {
    this.near = near;
    this.route = route;
    this.backend = new BackendExchange(near.channel(), connections, this, head, version);
  }

  @Override
  public void begin(HttpHead head) {
    backend.begin(RequestHead.write(near.channel().alloc(), head, route, backend.asked()));
  }

  // ---- what the connection asks and tells ----

  @Override
  public @Nullable ByteBuf nearRead(ByteBuf in) {
    return backend.nearRead(in);
  }

  @Override
  public void nearReadComplete() {
    backend.nearReadComplete();
  }

  @Override
  public void nearWritable() {
    backend.nearWritable();
  }

  @Override
  public boolean wantsInput() {
    return backend.wantsInput();
  }

  @Override
  public boolean requestDone() {
    HttpExchange http = backend.http();
    return body().isDone() || (http != null && http.requestDone());
  }

  @Override
  public BodyRelay body() {
    return backend.asked().body();
  }

  @Override
  public boolean isTunnel() {
    return backend.isTunnel();
  }

  @Override
  public void endTunnel() {
    backend.nearEnded();
  }

  @Override
  public void abandon() {
    backend.abandon();
  }

  @Override
  public long checkLimits(long nowNanos) {
    HttpExchange http = backend.http();
    if (http == null) {
      return near.limits().openNanos();
    }
    long left = near.limits().left(http, nowNanos);
    if (left == 0) {
      boolean awaiting = http.isAwaiting();
      Answer page =
          ExchangeLimits.nearIsLate(http)
              ? Answer.error(408, "The request did not arrive in time.")
              : Answer.error(504, "The app did not answer in time.");
      backend.abandon();
      if (awaiting) {
        answer(page);
      } else {
        near.connection().abort();
      }
    }
    return left;
  }

  // ---- what the backend tells ----

  @Override
  public void response(HttpHead head) {}

  @Override
  public void addResponseFields(ByteBuf out, boolean connectionEndsBody) {
    endsWithConnection = connectionEndsBody;
    if (backend.status() == 101) {
      return;
    }
    if (!keepsAlive()) {
      HeadWriter.field(out, "Connection", "close");
    } else if (backend.asked().minorVersion() == 0) {
      HeadWriter.field(out, "Connection", "keep-alive");
    }
  }

  private boolean keepsAlive() {
    return near.keepAlive() && !endsWithConnection && !near.service().draining();
  }

  @Override
  public void tunnelStarted() {
    near.connection().tunnelStarted();
  }

  @Override
  public void responseEnded(boolean connectionEndsBody) {
    near.connection().responseEnded(keepsAlive());
  }

  @Override
  public void failed(BackendExchange.Failure why) {
    answer(
        switch (why) {
          case DOWN -> Answer.error(502, "The app behind this address cannot be reached.");
          case BAD_RESPONSE -> Answer.error(502, "The app's answer is malformed.");
          case BAD_REQUEST -> Answer.error(400, "The request is malformed.");
        });
  }

  @Override
  public void tunnelEnded() {
    near.connection().tunnelEnded();
  }

  @Override
  public void cutShort() {
    near.connection().abort();
  }

  private void answer(Answer page) {
    boolean keepAlive = near.keepAlive() && requestDone() && !near.service().draining();
    ByteBuf whole = page.whole(near.channel().alloc(), backend.asked().head(), keepAlive);
    near.connection().answered(whole, keepAlive);
  }
}
