package io.penstock.cli;

import io.penstock.api.HostPort;
import java.net.URI;

/// Reads what `penstock http` shows: a port, a host with a port, or a URL.
final class Target {

  private Target() {}

  /// The URL that is meant.
  ///
  /// @throws IllegalArgumentException when it is none of the three, with what is allowed
  static URI parse(String text) {
    if (text.contains("://")) {
      return url(text);
    }
    if (text.matches("[0-9]{1,5}")) {
      int port = Integer.parseInt(text);
      if (port < 1 || port > HostPort.MAX_PORT) {
        throw new IllegalArgumentException("port is " + text + ", allowed is 1 to 65535");
      }
      return URI.create("http://localhost:" + port);
    }
    HostPort address = HostPort.parse(text);
    if (address.port() == 0) {
      throw new IllegalArgumentException("port is 0, allowed is 1 to 65535");
    }
    String host = address.host().isEmpty() ? "localhost" : address.host();
    return URI.create("http://" + new HostPort(host, address.port()));
  }

  private static URI url(String text) {
    URI url;
    try {
      url = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("\"" + text + "\" is no URL", e);
    }
    boolean web =
        "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
    if (!web || url.getHost() == null) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no http:// or https:// URL with a host");
    }
    return url;
  }
}
