package io.penstock.api.client;

import io.penstock.api.HostLookup;
import io.penstock.api.HostPort;
import javax.net.ssl.SSLContext;

/// How the client API of a gateway is reached.
///
/// @param gateway its tunnel port
/// @param tls decides whom to trust
/// @param hosts finds the addresses of the gateway
/// @param headers that go along with each request
public record GatewayAccess(
    HostPort gateway, SSLContext tls, HostLookup hosts, RequestHeaders headers) {

  /// Looked up as this machine does, without more.
  public static GatewayAccess plain(HostPort gateway, SSLContext tls) {
    return new GatewayAccess(gateway, tls, HostLookup.SYSTEM, RequestHeaders.NONE);
  }
}
