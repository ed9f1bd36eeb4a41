package io.penstock.it.overlay;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.stream.Collectors;

/// A web app on a free port of the loopback that answers with what it was asked: the request line,
/// and the header lines with their names in lower case.
final class HeaderApp implements AutoCloseable {

  private final HttpServer server;

  private HeaderApp(HttpServer server) {
    this.server = server;
  }

  static HeaderApp start() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String said =
              exchange.getRequestMethod()
                  + " "
                  + exchange.getRequestURI()
                  + "\n"
                  + exchange.getRequestHeaders().entrySet().stream()
                      .map(
                          each ->
                              each.getKey().toLowerCase(Locale.ROOT)
                                  + ": "
                                  + each.getValue().getFirst())
                      .collect(Collectors.joining("\n"));
          byte[] body = said.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return new HeaderApp(server);
  }

  /// As a serve config names it.
  String target() {
    return Integer.toString(server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
