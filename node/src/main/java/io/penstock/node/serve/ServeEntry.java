package io.penstock.node.serve;

import io.penstock.api.HostPort;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// One place of a node where something can be served, as a person names it: how the port speaks,
/// and for HTTP the mount. It is put into a config or taken out of it by the rules of `tailscale
/// serve`.
///
/// Every method throws an `IllegalArgumentException` that says what is wrong and what is allowed.
///
/// @param port from 1 to 65535
/// @param mount of HTTP, with a slash in front; `/` for TCP
/// @param proxyProtocol 1 or 2 for a PROXY header in front of forwarded bytes, or 0
public record ServeEntry(ServedPort.Type type, int port, String mount, int proxyProtocol) {

  private static final String TEXT = "text:";
  private static final String LOOPBACK = "127.0.0.1";
  private static final Set<String> WEB_SCHEMES = Set.of("http", "https", "https+insecure");

  public ServeEntry {
    if (port < 1 || port > HostPort.MAX_PORT) {
      throw new IllegalArgumentException("port is %d, allowed is 1 to 65535".formatted(port));
    }
    if (!mount.startsWith("/") || !isClean(mount)) {
      throw new IllegalArgumentException(
          "path is \"%s\", allowed is a path such as /docs without dots, empty segments, ? and #"
              .formatted(mount));
    }
    if (!isWeb(type) && !mount.equals("/")) {
      throw new IllegalArgumentException("a path is for HTTP; TCP has none");
    }
    if (proxyProtocol < 0 || proxyProtocol > 2) {
      throw new IllegalArgumentException(
          "--proxy-protocol is %d, allowed is 1 or 2".formatted(proxyProtocol));
    }
    if (isWeb(type) && proxyProtocol != 0) {
      throw new IllegalArgumentException("--proxy-protocol is for TCP; HTTP has headers for that");
    }
  }

  private static boolean isClean(String mount) {
    String inner = mount.endsWith("/") ? mount.substring(0, mount.length() - 1) : mount;
    return mount.indexOf('?') < 0
        && mount.indexOf('#') < 0
        && List.of(inner.split("/", -1)).stream()
            .skip(1)
            .noneMatch(each -> each.isEmpty() || each.equals(".") || each.equals(".."));
  }

  private static boolean isWeb(ServedPort.Type type) {
    return type == ServedPort.Type.HTTPS || type == ServedPort.Type.HTTP;
  }

  /// Where visitors find it.
  ///
  /// @param host the node's full name
  public String url(String host) {
    return switch (type) {
      case HTTPS -> "https://" + host + (port == 443 ? "" : ":" + port) + mount;
      case HTTP -> "http://" + host + (port == 80 ? "" : ":" + port) + mount;
      case TCP, TLS_TERMINATED_TCP -> "tcp://" + host + ":" + port;
    };
  }

  // ---- putting it in ----

  /// The config with this place serving a target.
  ///
  /// @param host the node's full name
  /// @param target for HTTP `text:…`, an absolute path of a file or directory, a port, a URL, or
  ///   `unix:PATH`; for TCP a port, `HOST:PORT`, `tcp://HOST:PORT`, or `unix:PATH`
  public ServeConfig addTo(ServeConfig config, String host, String target) {
    return switch (type) {
      case HTTPS -> addWeb(config, host, target, TcpPortHandler.toHttps());
      case HTTP -> addWeb(config, host, target, TcpPortHandler.toHttp());
      case TCP -> config.withPort(port, forward(target));
      case TLS_TERMINATED_TCP -> config.withPort(port, forward(target).withTerminateTls(host));
    };
  }

  private ServeConfig addWeb(ServeConfig config, String host, String target, TcpPortHandler fresh) {
    TcpPortHandler now = config.tcp().get(port);
    boolean same = now != null && now.https() == fresh.https() && now.http() == fresh.http();
    ServeConfig ready = same ? config : config.withPort(port, fresh);
    if (target.startsWith(TEXT)) {
      return ready.withHandler(host, port, mount, HttpHandler.textOf(text(target)));
    }
    if (target.startsWith("/")) {
      return ready.withHandler(host, port, mountOf(Path.of(target)), HttpHandler.filesAt(target));
    }
    return ready.withHandler(host, port, mount, HttpHandler.proxyTo(webTarget(target)));
  }

  private static String text(String target) {
    String text = target.substring(TEXT.length());
    if (text.isEmpty()) {
      throw new IllegalArgumentException("the target is \"text:\", which needs a text behind it");
    }
    return text;
  }

  /// What is below a directory is below its mount.
  private String mountOf(Path path) {
    if (!Files.exists(path)) {
      throw new IllegalArgumentException("there is no file or directory " + path);
    }
    return Files.isDirectory(path) && !mount.endsWith("/") ? mount + "/" : mount;
  }

  private static String webTarget(String target) {
    if (target.startsWith(BackendAddress.UNIX_PREFIX)) {
      return target;
    }
    if (target.matches("[0-9]+")) {
      return "http://" + LOOPBACK + ":" + port(target, target);
    }
    if (target.startsWith("./") || target.startsWith("../")) {
      throw wrong(target, "is relative, and the node has another directory; write /a/path");
    }
    int scheme = target.indexOf("://");
    if (scheme < 0) {
      URI url = url(target, "http://" + target);
      if (!isLocal(url.getHost())) {
        throw wrong(target, "needs a scheme, such as http://, as it is not a port of this machine");
      }
      if (url.getPort() < 0) {
        throw wrong(target, "needs a port");
      }
      return "http://" + target;
    }
    String name = target.substring(0, scheme).toLowerCase(Locale.ROOT);
    if (!WEB_SCHEMES.contains(name)) {
      throw wrong(target, "has a scheme that is none of http, https and https+insecure");
    }
    url(target, "http://" + target.substring(scheme + 3));
    return target;
  }

  private static boolean isLocal(String host) {
    return host.equalsIgnoreCase("localhost") || host.equals(LOOPBACK) || host.equals("[::1]");
  }

  private static URI url(String target, String text) {
    try {
      URI url = new URI(text).parseServerAuthority();
      if (url.getHost() != null && url.getPort() != 0 && url.getPort() <= HostPort.MAX_PORT) {
        return url;
      }
    } catch (URISyntaxException _) {
      // It is said below.
    }
    throw wrong(
        target, "is no target: a port, localhost:PORT, a URL, unix:PATH, text:TEXT or /a/path");
  }

  private TcpPortHandler forward(String target) {
    if (target.startsWith(TEXT)) {
      throw wrong(target, "is for HTTP; TCP takes a port, HOST:PORT or unix:PATH");
    }
    String to = target.startsWith("tcp://") ? target.substring("tcp://".length()) : target;
    if (to.matches("[0-9]+")) {
      to = LOOPBACK + ":" + port(target, to);
    }
    try {
      var _ = BackendAddress.parse(to);
    } catch (IllegalArgumentException e) {
      throw wrong(target, String.valueOf(e.getMessage()));
    }
    return TcpPortHandler.forward(to).withProxyProtocol(proxyProtocol);
  }

  private static int port(String target, String text) {
    try {
      return BackendAddress.port(text);
    } catch (IllegalArgumentException _) {
      throw wrong(target, "is no port from 1 to 65535");
    }
  }

  private static IllegalArgumentException wrong(String target, String why) {
    return new IllegalArgumentException("the target \"%s\" %s".formatted(target, why));
  }

  // ---- taking it out ----

  /// The mounts that are served at this port now; none for TCP.
  ///
  /// @param host the node's full name
  public Set<String> mounts(ServeConfig config, String host) {
    WebServerConfig site = config.web().get(host + ":" + port);
    return site == null || !isWeb(type) ? Set.of() : site.handlers().keySet();
  }

  /// The config without this place, which has to be in it.
  ///
  /// @param host the node's full name
  public ServeConfig removeFrom(ServeConfig config, String host) {
    requireType(config, host);
    if (!isWeb(type)) {
      return config.withoutPort(port);
    }
    Set<String> mounts = mounts(config, host);
    for (String each : List.of(mount, mount + "/")) {
      if (mounts.contains(each)) {
        return config.withoutHandler(host, port, each);
      }
    }
    throw nothing(host);
  }

  /// The config without this port and all its mounts; it has to be in it.
  ///
  /// @param host the node's full name
  public ServeConfig removeAllFrom(ServeConfig config, String host) {
    requireType(config, host);
    return config.withoutPort(port);
  }

  private void requireType(ServeConfig config, String host) {
    TcpPortHandler now = config.tcp().get(port);
    if (now == null) {
      throw nothing(host);
    }
    ServedPort.Type is = UpdateRules.type(now);
    if (is != type) {
      throw new IllegalArgumentException(
          "port %d serves %s and not %s"
              .formatted(port, is == null ? "nothing" : is.text(), type.text()));
    }
  }

  private IllegalArgumentException nothing(String host) {
    return new IllegalArgumentException("nothing is served at " + url(host));
  }
}
