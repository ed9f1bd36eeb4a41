package io.penstock.node.serve;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/// Where a proxy sends requests.
///
/// @param address an unresolved `InetSocketAddress` or a `UnixDomainSocketAddress`
/// @param tls whether and how it speaks TLS
/// @param serverName the name in its URL, for SNI and for the check of its certificate
/// @param path of the URL, as it is written; empty or with a slash in front
/// @param query of the URL, which is put in front of that of each request
public record ProxyTarget(
    SocketAddress address, Tls tls, String serverName, String path, Optional<String> query) {

  /// TLS to a backend.
  public enum Tls {
    /// None.
    NONE,
    /// The certificate is checked against the authorities that the JDK trusts, and the name.
    CHECKED,
    /// Any certificate will do.
    UNCHECKED
  }

  private static final String INSECURE = "https+insecure://";
  private static final String LOOPBACK = "127.0.0.1";

  /// Reads a target: a port, a URL, `https+insecure://…`, `unix:PATH`, or `host[:port][/path]`.
  ///
  /// @throws IllegalArgumentException saying what is wrong, to be put behind the text itself
  public static ProxyTarget parse(String text) {
    if (text.startsWith(BackendAddress.UNIX_PREFIX)) {
      return new ProxyTarget(
          BackendAddress.unix(text), Tls.NONE, "localhost", "", Optional.empty());
    }
    if (text.matches("[0-9]+")) {
      return new ProxyTarget(
          InetSocketAddress.createUnresolved(LOOPBACK, BackendAddress.port(text)),
          Tls.NONE,
          LOOPBACK,
          "",
          Optional.empty());
    }
    if (text.startsWith(INSECURE)) {
      return ofUrl("https://" + text.substring(INSECURE.length()), Tls.UNCHECKED);
    }
    if (text.startsWith("https://")) {
      return ofUrl(text, Tls.CHECKED);
    }
    if (text.startsWith("http://")) {
      return ofUrl(text, Tls.NONE);
    }
    if (text.contains("://")) {
      throw new IllegalArgumentException(
          "has a scheme that is none of http, https and https+insecure");
    }
    return ofUrl("http://" + text, Tls.NONE);
  }

  private static ProxyTarget ofUrl(String url, Tls tls) {
    URI uri;
    try {
      uri = new URI(url).parseServerAuthority();
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("is no URL: " + e.getReason(), e);
    }
    String host = uri.getHost();
    if (host == null || uri.getRawUserInfo() != null || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "is to have a host, and no user and no fragment; write a port, a URL or unix:PATH");
    }
    int port = uri.getPort();
    if (port == 0 || port > 65535) {
      throw new IllegalArgumentException("has a port that is no number from 1 to 65535");
    }
    if (port < 0) {
      port = tls == Tls.NONE ? 80 : 443;
    }
    String name = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    return new ProxyTarget(
        InetSocketAddress.createUnresolved(name, port),
        tls,
        name.toLowerCase(Locale.ROOT),
        path,
        Optional.ofNullable(uri.getRawQuery()));
  }

  /// The target of a request to the backend, from what is left of the visitor's.
  ///
  /// An empty rest means the very path of the URL, without a slash that it does not have.
  ///
  /// @param rest of the path: empty, or with a slash in front
  /// @param requestQuery of the visitor, without its question mark; null when there is none
  String requestTarget(String rest, Optional<String> requestQuery) {
    StringBuilder target = new StringBuilder();
    if (rest.isEmpty()) {
      target.append(path.isEmpty() ? "/" : path);
    } else {
      target.append(path.endsWith("/") ? path.substring(0, path.length() - 1) : path).append(rest);
    }
    if (query.isPresent() || requestQuery.isPresent()) {
      target.append('?').append(query.orElse(""));
      if (query.isPresent() && requestQuery.isPresent()) {
        target.append('&');
      }
      target.append(requestQuery.orElse(""));
    }
    return target.toString();
  }
}
