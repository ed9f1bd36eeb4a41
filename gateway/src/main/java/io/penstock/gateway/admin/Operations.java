package io.penstock.gateway.admin;

import io.penstock.api.BackendInfo;
import io.penstock.api.GatewayStatus;
import io.penstock.api.RouteName;
import io.penstock.gateway.store.StoredRoute;
import java.util.List;

/// What the admin API asks of the running gateway. Called on virtual threads, several at a time.
public interface Operations {

  /// How the gateway is doing.
  GatewayStatus status();

  /// The connections of agents that are registered now.
  List<BackendInfo> backends();

  /// Disconnects one of them.
  ///
  /// @return whether there was one with this id
  boolean kill(String backend);

  /// A token has been revoked, durably: disconnect whoever came with it.
  void tokenRevoked(String token);

  /// A route has been added, durably: serve it.
  void routeAdded(StoredRoute route);

  /// A route has been removed, durably: serve it no more, and disconnect whoever relied on it.
  void routeRemoved(RouteName route);
}
