package io.penstock.gateway.store;

import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteInfo;
import io.penstock.api.RouteName;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/// A route as it is remembered.
///
/// @param name where visitors reach it
/// @param user who owns it
/// @param created when it was added
public record StoredRoute(RouteName name, String user, Instant created) {

  /// The route as the APIs list it, with a public address for each endpoint, secure ones first.
  public RouteInfo info(List<PublicEndpoint> endpoints) {
    return new RouteInfo(
        name.toString(),
        user,
        created,
        endpoints.stream()
            .sorted(Comparator.comparing(PublicEndpoint::scheme).reversed())
            .map(endpoint -> endpoint.url(name))
            .toList());
  }
}
