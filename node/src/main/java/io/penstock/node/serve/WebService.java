package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.penstock.node.backend.BackendConnections;
import io.penstock.node.backend.BackendExchange;
import io.penstock.transport.relay.HttpConnection;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.HttpService;
import io.penstock.transport.relay.KnownField;
import io.penstock.transport.relay.RequestTarget;
import java.net.UnixDomainSocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Answers the requests of one connection, or of one stream of HTTP/2, to a served port: each is
/// routed anew, by what the port serves when it comes.
///
/// Runs on the event loop of the connection.
final class WebService implements HttpService {

  /// What is known of the connection.
  ///
  /// @param sni the name in its TLS handshake; empty without TLS
  /// @param http2 whether requests come over HTTP/2
  record From(Channel channel, Optional<String> sni, boolean http2, Visitor visitor) {

    String scheme() {
      return sni.isPresent() ? "https" : "http";
    }
  }

  private final PortLoop port;
  private final From from;

  WebService(PortLoop port, From from) {
    this.port = port;
    this.from = from;
  }

  @Override
  public @Nullable Exchange exchange(HttpHead head, HttpConnection connection) {
    RequestTarget target = RequestTarget.of(head);
    if (target == null) {
      return null;
    }
    boolean keepAlive =
        head.minorVersion() == 1
            ? !head.hasWord(KnownField.CONNECTION, "close")
            : head.hasWord(KnownField.CONNECTION, "keep-alive");
    Request request = new Request(head, connection, target, keepAlive && !draining());
    Optional<WebSites> sites = port.sites(from.sni().isPresent());
    if (sites.isEmpty() || target.path().equals("*")) {
      return answer(request, notFound());
    }
    RequestPath path = RequestPath.parse(request.path());
    if (path == null) {
      return null;
    }
    Optional<MountTable.Found> found =
        sites.get().mounts(from.sni(), target.host()).flatMap(mounts -> mounts.find(path));
    return found.isEmpty()
        ? answer(request, notFound())
        : exchange(request, path, found.get(), sites.get());
  }

  /// One request.
  private record Request(
      HttpHead head, HttpConnection connection, RequestTarget target, boolean keepAlive) {

    String path() {
      int question = target.path().indexOf('?');
      return question < 0 ? target.path() : target.path().substring(0, question);
    }

    Optional<String> query() {
      int question = target.path().indexOf('?');
      return question < 0 ? Optional.empty() : Optional.of(target.path().substring(question + 1));
    }
  }

  private Exchange exchange(
      Request request, RequestPath path, MountTable.Found found, WebSites sites) {
    return switch (found.target()) {
      case ServeTarget.Text(String body) ->
          answer(request, new Answer(200).body(Answer.PLAIN, body));
      case ServeTarget.Redirect redirect -> redirect(request, redirect);
      case ServeTarget.Nothing() -> answer(request, Answer.error(500, "empty handler"));
      case ServeTarget.Files(var file) ->
          new FileExchange(
              near(request),
              new FileRequest(request.head(), file, found.mount(), path, request.query()));
      case ServeTarget.Proxy proxy -> proxy(request, path, found.mount(), proxy, sites);
      case ServeTarget.Accept() -> accept(request, path, found.mount(), sites);
    };
  }

  private Exchange redirect(Request request, ServeTarget.Redirect redirect) {
    String location = redirect.locationFor(request.target().authority(), request.target().path());
    Answer answer = new Answer(redirect.status()).field("Location", location);
    if (request.head().isMethod("GET") || request.head().isMethod("HEAD")) {
      answer.body(Answer.HTML, "<a href=\"%s\">Moved</a>.%n".formatted(Answer.escape(location)));
    }
    return answer(request, answer);
  }

  private Exchange proxy(
      Request request, RequestPath path, String mount, ServeTarget.Proxy proxy, WebSites sites) {
    ProxyTarget to = proxy.to();
    String rest = proxy.stripPrefix() ? path.below(mount) : path.raw();
    String host =
        to.address() instanceof UnixDomainSocketAddress
            ? "localhost"
            : request.target().authority();
    boolean http2 = from.http2() && isGrpc(request.head().value(KnownField.CONTENT_TYPE));
    return new ProxyExchange(
        near(request),
        route(request, to.requestTarget(rest, request.query()), host),
        sites.backend(to),
        http2 ? BackendExchange.Version.HTTP_2 : BackendExchange.Version.HTTP_1_1,
        request.head());
  }

  private Exchange accept(Request request, RequestPath path, String mount, WebSites sites) {
    String query = request.query().map(text -> "?" + text).orElse("");
    BackendConnections embedder = sites.embedder(port.number(), mount, from.visitor().peer());
    return new ProxyExchange(
        near(request),
        route(request, path.raw() + query, request.target().authority()),
        embedder,
        BackendExchange.Version.HTTP_1_1,
        request.head());
  }

  private RequestHead.Route route(Request request, String target, String host) {
    return new RequestHead.Route(
        target, host, request.target().authority(), from.scheme(), from.visitor());
  }

  private ProxyExchange.Near near(Request request) {
    return new ProxyExchange.Near(
        from.channel(), request.connection(), this, port.exchangeLimits(), request.keepAlive());
  }

  static boolean isGrpc(@Nullable String contentType) {
    String type = "application/grpc";
    return contentType != null
        && contentType.startsWith(type)
        && (contentType.length() == type.length()
            || contentType.charAt(type.length()) == ';'
            || contentType.charAt(type.length()) == '+');
  }

  private Exchange answer(Request request, Answer answer) {
    return new AnswerExchange(
        from.channel(), request.connection(), answer, request.head(), request.keepAlive());
  }

  private static Answer notFound() {
    return Answer.error(404, "404 page not found");
  }

  @Override
  public ByteBuf refusal(Refusal why) {
    Answer answer =
        switch (why) {
          case MALFORMED -> Answer.error(400, "The request is malformed.");
          case HEAD_TOO_LARGE -> Answer.error(431, "The request headers are too large.");
          case TARGET_TOO_LONG -> Answer.error(414, "The address is too long.");
          case VERSION -> Answer.error(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
          case LATE -> Answer.error(408, "The request did not arrive in time.");
        };
    return answer.whole(from.channel().alloc(), false, false);
  }

  @Override
  public boolean draining() {
    return port.sites(from.sni().isPresent()).isEmpty();
  }

  @Override
  public void opened() {}

  @Override
  public void received(int bytes) {}

  @Override
  public void closed() {}
}
