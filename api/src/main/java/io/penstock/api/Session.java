package io.penstock.api;

import java.time.Instant;

/// What a node gets for a session: a token that is good for a while, and where to take it.
///
/// @param token a signed JWT (RFC 7519); renews the tunnel
/// @param expires when the token ends, and with it a tunnel that was not renewed
/// @param quic where the tunnel goes; an address without a host is on the host that was asked
/// @param alpn the application protocol to ask for there
/// @param network what the node is to know of its network
public record Session(
    String token, Instant expires, HostPort quic, String alpn, OverlayNetwork network) {

  /// Names the session without its token.
  @Override
  public String toString() {
    return "Session[expires=%s, quic=%s, alpn=%s, network=%s]"
        .formatted(expires, quic, alpn, network);
  }
}
