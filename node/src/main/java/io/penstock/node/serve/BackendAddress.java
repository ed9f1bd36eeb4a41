package io.penstock.node.serve;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.InvalidPathException;

/// How the address of a backend is written.
///
/// Each method throws an `IllegalArgumentException` that says what is wrong, to be put behind the
/// text itself.
final class BackendAddress {

  /// What the path of a Unix socket is written behind.
  static final String UNIX_PREFIX = "unix:";

  private BackendAddress() {}

  /// Reads `host:port` or `unix:PATH`; a path may be relative to the working directory.
  static SocketAddress parse(String text) {
    if (text.startsWith(UNIX_PREFIX)) {
      return unix(text);
    }
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("has no port; write HOST:PORT or unix:PATH");
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0 || host.indexOf('/') >= 0) {
      throw new IllegalArgumentException("is not HOST:PORT, where an IPv6 address has brackets");
    }
    return InetSocketAddress.createUnresolved(host, port(text.substring(colon + 1)));
  }

  /// Reads `unix:PATH`.
  static UnixDomainSocketAddress unix(String text) {
    String path = text.substring(UNIX_PREFIX.length());
    try {
      if (!path.isEmpty()) {
        return UnixDomainSocketAddress.of(path);
      }
    } catch (InvalidPathException _) {
      // It is said below.
    }
    throw new IllegalArgumentException("names no socket; write unix:PATH");
  }

  /// Reads a port.
  static int port(String text) {
    if (text.matches("[0-9]{1,5}")) {
      int port = Integer.parseInt(text);
      if (port >= 1 && port <= 65535) {
        return port;
      }
    }
    throw new IllegalArgumentException("has a port that is no number from 1 to 65535");
  }
}
