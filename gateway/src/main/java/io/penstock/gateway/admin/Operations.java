package io.penstock.gateway.admin;

import io.penstock.api.BackendInfo;
import io.penstock.api.GatewayStatus;
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

  /// A route has been added or removed, durably: read them anew, and disconnect whoever serves one
  /// that is gone.
  void routesChanged();
}
