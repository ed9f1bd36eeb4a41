package io.penstock.node.agent.app;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.penstock.node.backend.BackendConnections;
import io.penstock.node.backend.BackendExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import org.jspecify.annotations.Nullable;

/// One request from a stream to the local app and its response back, with what the agent says
/// itself when there is none, and the entry in the log.
///
/// It ends exactly once, by the [Outlet] or by [#nearEnded] or [#abandon]. Runs on the event loop
/// of the stream.
final class AppExchange implements BackendExchange.Outlet {

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
  private final AppHeadWriter heads;
  private final Outlet outlet;
  private final RequestLog log;
  private final BackendExchange backend;
  private final String method;
  private final String target;
  private final String host;
  private final long startNanos = System.nanoTime();
  private boolean logged;

  AppExchange(
      Channel stream,
      BackendConnections connections,
      AppHeadWriter heads,
      Outlet outlet,
      RequestLog log,
      HttpHead head) {
    this.stream = stream;
    this.heads = heads;
    this.outlet = outlet;
    this.log = log;
    this.backend =
        new BackendExchange(stream, connections, this, head, BackendExchange.Version.HTTP_1_1);
    this.method = head.method();
    this.target = head.target();
    String named = head.value(KnownField.HOST);
    this.host = named == null ? "" : named;
  }

  /// Sends the request on; `head` is not needed after it.
  void begin(HttpHead head) {
    backend.begin(heads.request(stream.alloc(), head, backend.asked()));
  }

  // ---- what the stream asks and tells ----

  @Nullable ByteBuf nearRead(ByteBuf in) {
    return backend.nearRead(in);
  }

  void nearReadComplete() {
    backend.nearReadComplete();
  }

  void nearWritable() {
    backend.nearWritable();
  }

  boolean wantsInput() {
    return backend.wantsInput();
  }

  boolean isTunnel() {
    return backend.isTunnel();
  }

  /// The stream has ended: a tunnel passes on what came before, anything else is cancelled.
  void nearEnded() {
    backend.nearEnded();
    note(backend.status());
  }

  /// The visitor is gone.
  void abandon() {
    backend.abandon();
    note(backend.status());
  }

  // ---- what the exchange tells ----

  @Override
  public void response(HttpHead head) {
    head.drop(KnownField.APP_DOWN);
  }

  @Override
  public void addResponseFields(ByteBuf out, boolean endsWithConnection) {
    // A stream carries one request, so there is nothing to say about the next.
  }

  @Override
  public void tunnelStarted() {
    // The gateway sends nothing behind a request before it has the response.
  }

  @Override
  public void responseEnded(boolean endsWithConnection) {
    note(backend.status());
    outlet.responseEnded(endsWithConnection);
  }

  @Override
  public void failed(BackendExchange.Failure why) {
    switch (why) {
      case DOWN -> answer(AppHeadWriter.appDown(stream.alloc(), backend.asked().head()), 502);
      case BAD_RESPONSE -> answer(AppHeadWriter.plain(stream.alloc(), "502 Bad Gateway"), 502);
      case BAD_REQUEST -> answer(AppHeadWriter.plain(stream.alloc(), "400 Bad Request"), 400);
    }
  }

  private void answer(ByteBuf response, int status) {
    note(status);
    outlet.answered(response);
  }

  @Override
  public void tunnelEnded() {
    note(backend.status());
    outlet.tunnelEnded();
  }

  @Override
  public void cutShort() {
    note(backend.status());
    outlet.cutShort();
  }

  private void note(int status) {
    if (logged || log.equals(RequestLog.NONE)) {
      return;
    }
    logged = true;
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    log.requestEnded(
        new RequestLog.Entry(method, host, path, status, System.nanoTime() - startNanos));
  }
}
