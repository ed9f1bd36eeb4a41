package io.penstock.api.tunnel;

/// The names by which gateway, agent and node recognise each other.
public final class TunnelNames {

  /// The TLS application protocol of our own agents (RFC 7301).
  public static final String ALPN_AGENT = "penstock-tun/1";

  /// The TLS application protocol of the client API on the tunnel port.
  public static final String ALPN_CLIENT_API = "http/1.1";

  /// The application protocol of a node's tunnel over QUIC.
  public static final String ALPN_NODE = "snaptun";

  /// The host that a gateway's ping asks for; no route can have it, as it has no dot.
  public static final String PING_HOST = "backend";

  /// The path that a gateway's ping asks for.
  public static final String PING_PATH = "/health";

  /// The response header by which our agent tells that the local app could not be reached.
  ///
  /// An agent strips it from what the app answers, and a gateway honours it only from an agent that
  /// negotiated [#ALPN_AGENT].
  public static final String APP_DOWN_HEADER = "Penstock-App-Down";

  /// The highest number that one of an agent's connections may have.
  public static final int MAX_CONNECTION_NUMBER = 7;

  private TunnelNames() {}
}
