package io.penstock.api;

/// One public listener as visitors address it.
///
/// @param scheme `http` or `https`
/// @param port the port that visitors use, which a device in front may have mapped
public record PublicEndpoint(String scheme, int port) {
  public PublicEndpoint {
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new IllegalArgumentException("scheme is \"" + scheme + "\", allowed is http or https");
    }
    if (port < 1 || port > HostPort.MAX_PORT) {
      throw new IllegalArgumentException("port is " + port + ", allowed is 1 to 65535");
    }
  }

  /// The public address of a route; a default port is left out (RFC 3986, section 6.2.3).
  public String url(RouteName route) {
    boolean usual = port == (scheme.equals("https") ? 443 : 80);
    return scheme + "://" + route.domain() + (usual ? "" : ":" + port) + route.path();
  }
}
