package io.penstock.node.serve;

import java.nio.file.Path;

/// Where a backend listens, outside of the overlay: on this machine or wherever it reaches.
public sealed interface BackendAddress {

  /// What a Unix socket is written with.
  String UNIX_PREFIX = "unix:";

  /// A TCP port.
  ///
  /// @param host name or address, without brackets
  /// @param port from 1 to 65535
  record Tcp(String host, int port) implements BackendAddress {}

  /// A Unix socket.
  record Unix(Path path) implements BackendAddress {}

  /// Reads `host:port` or `unix:PATH`; a path may be relative to the working directory.
  ///
  /// @throws IllegalArgumentException saying what is wrong, to be put behind the text itself
  static BackendAddress parse(String text) {
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
    return new Tcp(host, port(text.substring(colon + 1)));
  }

  /// Reads `unix:PATH`.
  static Unix unix(String text) {
    String path = text.substring(UNIX_PREFIX.length());
    if (path.isEmpty() || path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("names no socket; write unix:PATH");
    }
    return new Unix(Path.of(path));
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
