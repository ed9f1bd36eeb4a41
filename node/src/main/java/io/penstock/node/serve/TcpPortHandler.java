package io.penstock.node.serve;

/// What a port of the overlay does, as the document says it.
///
/// @param https TLS, then HTTP by the sites in [ServeConfig#web]
/// @param http plain HTTP by the sites in [ServeConfig#web]
/// @param tcpForward `host:port` or `unix:PATH` to which bytes go, or empty
/// @param terminateTls the name under which TLS ends here before bytes go on, or empty
/// @param proxyProtocol 0 for none, else the version of the header that tells the target who calls
/// @param penstock what only this product knows
/// @param unknown fields that nobody here knows
public record TcpPortHandler(
    boolean https,
    boolean http,
    String tcpForward,
    String terminateTls,
    int proxyProtocol,
    PortExtras penstock,
    KeptJson unknown) {

  private static final TcpPortHandler NOTHING =
      new TcpPortHandler(false, false, "", "", 0, PortExtras.NONE, KeptJson.NONE);

  /// TLS and HTTP.
  public static TcpPortHandler toHttps() {
    return new TcpPortHandler(true, false, "", "", 0, PortExtras.NONE, KeptJson.NONE);
  }

  /// HTTP without TLS.
  public static TcpPortHandler toHttp() {
    return new TcpPortHandler(false, true, "", "", 0, PortExtras.NONE, KeptJson.NONE);
  }

  /// Bytes, passed on to `host:port` or `unix:PATH`.
  public static TcpPortHandler forward(String target) {
    return new TcpPortHandler(false, false, target, "", 0, PortExtras.NONE, KeptJson.NONE);
  }

  /// Connections for the embedder, who gets them from [AcceptedConnections].
  public static TcpPortHandler accept() {
    return NOTHING.withPenstock(new PortExtras(true, KeptJson.NONE));
  }

  /// The same, with TLS ended here under a name of this node.
  public TcpPortHandler withTerminateTls(String name) {
    return new TcpPortHandler(https, http, tcpForward, name, proxyProtocol, penstock, unknown);
  }

  /// The same, with a PROXY header in front of the bytes.
  ///
  /// @param version 1 or 2, or 0 for none
  public TcpPortHandler withProxyProtocol(int version) {
    return new TcpPortHandler(https, http, tcpForward, terminateTls, version, penstock, unknown);
  }

  /// The same, with other extras.
  public TcpPortHandler withPenstock(PortExtras extras) {
    return new TcpPortHandler(
        https, http, tcpForward, terminateTls, proxyProtocol, extras, unknown);
  }
}
