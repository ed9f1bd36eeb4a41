package io.penstock.node.serve;

import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.SortedMap;

/// What is done with a connection or a request: the meaning of a [TcpPortHandler] or [HttpHandler].
public sealed interface ServeTarget {

  /// What answers a request below a mount.
  sealed interface OfRequest extends ServeTarget {}

  /// What takes the bytes of a connection.
  sealed interface OfConnection extends ServeTarget {}

  /// The embedder gets it, from [AcceptedConnections].
  record Accept() implements OfRequest, OfConnection {}

  /// The request goes to a backend.
  ///
  /// @param stripPrefix whether the mount is taken off the path
  record Proxy(ProxyTarget to, boolean stripPrefix) implements OfRequest {}

  /// A text is the answer.
  record Text(String body) implements OfRequest {}

  /// The visitor is sent elsewhere.
  ///
  /// @param status from 300 to 399
  /// @param location may hold `${HOST}` and `${REQUEST_URI}`
  record Redirect(int status, String location) implements OfRequest {

    private static final int CODE_DIGITS = 3;

    /// Reads `location` or `3xx:location`; any other number in front is part of the location.
    static Redirect parse(String text) {
      if (text.length() > CODE_DIGITS && text.charAt(CODE_DIGITS) == ':') {
        String code = text.substring(0, CODE_DIGITS);
        if (code.matches("3[0-9][0-9]")) {
          return new Redirect(Integer.parseInt(code), text.substring(CODE_DIGITS + 1));
        }
      }
      return new Redirect(302, text);
    }

    /// Where a request is sent.
    ///
    /// @param host as the visitor named it
    /// @param requestUri path and query as they were sent
    String locationFor(String host, String requestUri) {
      return location.replace("${HOST}", host).replace("${REQUEST_URI}", requestUri);
    }
  }

  /// A file or a directory is served.
  record Files(Path path) implements OfRequest {}

  /// The document names a mount and says nothing of it; the answer is 500.
  record Nothing() implements OfRequest {}

  /// Requests are answered by mount.
  record Mounts(SortedMap<String, OfRequest> byMount) {}

  /// Bytes go to a backend.
  ///
  /// @param to an unresolved `InetSocketAddress` or a `UnixDomainSocketAddress`
  /// @param proxyProtocol the version of the PROXY header in front of them, or 0
  record TcpForward(SocketAddress to, int proxyProtocol) implements OfConnection {}
}
