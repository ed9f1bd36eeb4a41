package io.penstock.gateway;

import io.netty.channel.Channel;
import io.penstock.api.HostPort;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Where a gateway's listeners are bound; a configured port 0 is a real one here.
///
/// @param http public HTTP, if it is on
/// @param https public HTTPS, if it is on
/// @param tunnel agents and the client API over TLS
/// @param kcp agents over KCP, if it is on
/// @param overlay nodes over QUIC, if it is on
/// @param admin the admin API
public record GatewayAddresses(
    Optional<InetSocketAddress> http,
    Optional<InetSocketAddress> https,
    InetSocketAddress tunnel,
    Optional<InetSocketAddress> kcp,
    Optional<InetSocketAddress> overlay,
    InetSocketAddress admin) {

  /// The addresses by the key of their listener in the configuration.
  public Map<String, String> byKey() {
    Map<String, String> all = new TreeMap<>();
    http.ifPresent(it -> all.put("ingress.http", text(it)));
    https.ifPresent(it -> all.put("ingress.https", text(it)));
    all.put("tunnel.tls", text(tunnel));
    kcp.ifPresent(it -> all.put("tunnel.kcp", text(it)));
    overlay.ifPresent(it -> all.put("overlay.quic", text(it)));
    all.put("admin.listen", text(admin));
    return all;
  }

  static InetSocketAddress of(Channel listener) {
    return (InetSocketAddress) listener.localAddress();
  }

  private static String text(InetSocketAddress address) {
    String host = address.getAddress().isAnyLocalAddress() ? "" : address.getHostString();
    int scope = host.indexOf('%');
    return new HostPort(scope < 0 ? host : host.substring(0, scope), address.getPort()).toString();
  }
}
