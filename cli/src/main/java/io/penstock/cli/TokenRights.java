package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.PeerInfo;
import io.penstock.api.RouteInfo;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.DiscoveryClient;
import io.penstock.api.client.PeerClient;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/// What a token is good for at a gateway, found out by using it.
///
/// @param routes those that an agent with it may serve; empty if it lacks the scope `connect`
/// @param peers the nodes that one with it may see; empty if it lacks the scope `overlay`, or the
///   gateway has no overlay
record TokenRights(Optional<List<RouteInfo>> routes, Optional<List<PeerInfo>> peers) {

  private static final String MISSING_SCOPE = "missing_scope";

  private interface Question<T> {
    T ask() throws IOException;
  }

  /// Tries the token.
  ///
  /// @param overlay whether the gateway has one
  /// @throws ApiException when it is not good
  /// @throws Failure when it is good for nothing there
  static TokenRights of(
      DiscoveryClient client, HostPort gateway, boolean overlay, SSLContext tls, String token)
      throws IOException {
    try (var peers = new PeerClient(gateway, tls, token)) {
      TokenRights rights =
          new TokenRights(
              ifAllowed(() -> client.routes(token)),
              overlay ? ifAllowed(() -> peers.peers().items()) : Optional.empty());
      if (rights.routes.isEmpty() && rights.peers.isEmpty()) {
        throw new Failure(
            overlay
                ? "the token has neither the scope connect, for http, nor the scope overlay, for"
                    + " ping"
                : "the token lacks the scope connect, and the gateway has no overlay network",
            "penstock token create --user USER --scope connect, on the gateway " + gateway.host());
      }
      return rights;
    }
  }

  private static <T> Optional<T> ifAllowed(Question<T> question) throws IOException {
    try {
      return Optional.of(question.ask());
    } catch (ApiException e) {
      if (e.code().equals(MISSING_SCOPE)) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
