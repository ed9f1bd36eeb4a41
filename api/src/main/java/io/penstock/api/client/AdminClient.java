package io.penstock.api.client;

import io.penstock.api.AddRouteRequest;
import io.penstock.api.BackendInfo;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.GatewayStatus;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.Json;
import io.penstock.api.LeaseInfo;
import io.penstock.api.MalformedJsonException;
import io.penstock.api.NodeInfo;
import io.penstock.api.RouteInfo;
import io.penstock.api.RouteName;
import io.penstock.api.TokenInfo;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// Calls the admin API of one gateway with an admin token.
///
/// Without TLS it talks to this machine only. Every call throws [ApiException] when it fails and
/// blocks 15 s at most. Safe for use by several threads.
public final class AdminClient implements AutoCloseable {

  private static final String API = "/api/v1/";
  private static final ApiConnection.Advice ADVICE =
      new ApiConnection.Advice(
          "start a gateway with \"penstock gateway\", or say where it is with --data DIR or --admin"
              + " HOST:PORT",
          "check the address, the CA file (--ca) or the fingerprint (--fingerprint)",
          "give the --data DIR of that gateway, or with --token-file F a token that has the scope"
              + " admin");

  private final ApiConnection connection;

  private AdminClient(ApiConnection connection) {
    this.connection = connection;
  }

  /// A client without TLS.
  ///
  /// @param admin an address of this machine
  /// @param token secret of a token with the scope `admin`
  /// @throws ApiException when the address is of another machine, as the token would be readable on
  ///   the way
  public static AdminClient plain(HostPort admin, String token) throws ApiException {
    HostPort target = reachable(admin);
    try {
      if (!InetAddress.getByName(target.host()).isLoopbackAddress()) {
        throw new ApiException(
            0,
            "not_loopback",
            "%s is not on this machine, and without TLS the admin token could be read on the way;"
                    .formatted(admin)
                + " give an https:// address, or run the command where the gateway runs");
      }
    } catch (UnknownHostException e) {
      throw new ApiException("no address is known for " + target.host(), e);
    }
    return new AdminClient(
        new ApiConnection(
            URI.create("http://" + target), Optional.empty(), Optional.of(token), ADVICE));
  }

  /// A client with TLS.
  public static AdminClient secure(HostPort admin, String token, SSLContext tls) {
    return new AdminClient(
        new ApiConnection(
            URI.create("https://" + reachable(admin)),
            Optional.of(tls),
            Optional.of(token),
            ADVICE));
  }

  /// Where to dial what listens on every address.
  private static HostPort reachable(HostPort admin) {
    return admin.isEverywhere() ? new HostPort("127.0.0.1", admin.port()) : admin;
  }

  /// How the gateway is doing.
  public GatewayStatus status() throws IOException {
    return connection.parse(connection.get(API + "status"), GatewayStatus.class);
  }

  /// All tokens, also those that are revoked or expired, the oldest first.
  public List<TokenInfo> tokens() throws IOException {
    return list("tokens", TokenInfo.class);
  }

  /// Makes a token; its secret is in the answer and nowhere else.
  public CreatedToken createToken(CreateTokenRequest request) throws IOException {
    return connection.parse(connection.post(API + "tokens", request), CreatedToken.class);
  }

  /// Revokes a token and disconnects what relies on it; one that is revoked already stays so.
  public void revokeToken(String id) throws IOException {
    connection.delete(API + "tokens/" + encoded(id));
  }

  /// All routes in the order of their names.
  public List<RouteInfo> routes() throws IOException {
    return list("routes", RouteInfo.class);
  }

  /// Adds a route; the answer has its name in the spelling that agents use.
  public RouteInfo addRoute(AddRouteRequest request) throws IOException {
    return connection.parse(connection.post(API + "routes", request), RouteInfo.class);
  }

  /// Removes a route and disconnects the agents that serve it.
  public void removeRoute(RouteName route) throws IOException {
    connection.delete(API + "routes?route=" + encoded(route.toString()));
  }

  /// The connections of agents that are registered now.
  public List<BackendInfo> backends() throws IOException {
    return list("backends", BackendInfo.class);
  }

  /// The connections that serve a route.
  public List<BackendInfo> backendsOf(RouteName route) throws IOException {
    return list("backends?domain=" + encoded(route.toString()), BackendInfo.class);
  }

  /// The connections that came with a token of the user.
  public List<BackendInfo> backendsOfUser(String user) throws IOException {
    return list("backends?user=" + encoded(user), BackendInfo.class);
  }

  /// Disconnects one connection of an agent, which may connect again.
  public void kill(String backend) throws IOException {
    connection.delete(API + "backends/" + encoded(backend));
  }

  /// The nodes of the overlay, the oldest first.
  public List<NodeInfo> nodes() throws IOException {
    return list("nodes", NodeInfo.class);
  }

  /// Ends the tunnel of a node, which may connect again.
  ///
  /// @param node its id or its name
  public void kickNode(String node) throws IOException {
    connection.delete(API + "nodes/" + encoded(node));
  }

  /// Ends the tunnel of a node, and has the network forget its id, name, key and addresses.
  ///
  /// @param node its id or its name
  public void forgetNode(String node) throws IOException {
    connection.delete(API + "nodes/" + encoded(node) + "?forget=true");
  }

  /// The leased addresses of the overlay in their order.
  public List<LeaseInfo> leases() throws IOException {
    return list("leases", LeaseInfo.class);
  }

  /// Frees an address that is on hold.
  public void releaseLease(IpAddress address) throws IOException {
    connection.delete(API + "leases/" + encoded(address.toString()));
  }

  @Override
  public void close() {
    connection.close();
  }

  private <T> List<T> list(String what, Class<T> item) throws IOException {
    byte[] json = connection.get(API + what);
    try {
      return Json.readListing(json, item).items();
    } catch (MalformedJsonException e) {
      throw connection.noGateway(e);
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
