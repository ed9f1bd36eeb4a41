package io.penstock.api.client;

import io.penstock.api.Discovery;
import io.penstock.api.HostPort;
import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import io.penstock.api.RouteInfo;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// Calls the client API on the tunnel port of a gateway.
///
/// Whom to trust is the TLS context's decision. Blocks 15 s at most; safe for use by several
/// threads.
public final class DiscoveryClient implements AutoCloseable {

  private static final String API = "/api/v1/";
  private static final ApiConnection.Advice ADVICE =
      new ApiConnection.Advice(
          "check that the gateway runs and that HOST:PORT is its tunnel port (7443 unless"
              + " configured), not the port of a web page",
          "check the address, the CA file (--ca) or the fingerprint (--fingerprint)",
          "make a token on the gateway with \"penstock token create --user U --scope connect\" and"
              + " give it with --token-file F or PENSTOCK_TOKEN");

  private final HostPort gateway;
  private final SSLContext tls;
  private final ApiConnection anonymous;

  /// Makes a client that has not connected yet.
  ///
  /// @param gateway its tunnel port
  public DiscoveryClient(HostPort gateway, SSLContext tls) {
    this.gateway = gateway;
    this.tls = tls;
    this.anonymous = connection(Optional.empty());
  }

  /// Where the gateway's other doors are; addresses that it gave without a host have this one's.
  public Discovery discover() throws IOException {
    Discovery answer = anonymous.parse(anonymous.get(API + "discovery"), Discovery.class);
    return new Discovery(
        answer.version(),
        answer.kcp().map(this::here),
        answer.quic().map(this::here),
        answer.publicEndpoints());
  }

  /// The routes that an agent with this token may serve: those of the token's user.
  ///
  /// @param token secret of a token with the scope `connect`
  public List<RouteInfo> routes(String token) throws IOException {
    try (ApiConnection own = connection(Optional.of(token))) {
      byte[] json = own.get(API + "routes");
      try {
        return Json.readListing(json, RouteInfo.class).items();
      } catch (MalformedJsonException e) {
        throw own.noGateway(e);
      }
    }
  }

  @Override
  public void close() {
    anonymous.close();
  }

  private HostPort here(HostPort address) {
    return address.isEverywhere() ? gateway.withPort(address.port()) : address;
  }

  private ApiConnection connection(Optional<String> token) {
    return new ApiConnection(URI.create("https://" + gateway), Optional.of(tls), token, ADVICE);
  }
}
