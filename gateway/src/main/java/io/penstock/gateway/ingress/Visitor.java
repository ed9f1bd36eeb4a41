package io.penstock.gateway.ingress;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/// Who is at the other end of a connection, as forwarded headers tell it.
///
/// @param address the IP address without scope, or `unknown` for what is no IP connection
/// @param forwardedFor the address as a `for=` of `Forwarded` (RFC 7239 section 6)
/// @param scheme `http` or `https`
/// @param trusted whether its own forwarded headers are believed
record Visitor(String address, String forwardedFor, String scheme, boolean trusted) {

  static Visitor of(SocketAddress peer, String scheme, TrustedProxies proxies) {
    if (!(peer instanceof InetSocketAddress inet) || inet.getAddress() == null) {
      return new Visitor("unknown", "unknown", scheme, false);
    }
    String text = inet.getAddress().getHostAddress();
    int scope = text.indexOf('%');
    String address = scope < 0 ? text : text.substring(0, scope);
    boolean v6 = inet.getAddress() instanceof Inet6Address;
    return new Visitor(
        address, v6 ? "\"[" + address + "]\"" : address, scheme, proxies.trusts(peer));
  }
}
