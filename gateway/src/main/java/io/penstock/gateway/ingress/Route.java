package io.penstock.gateway.ingress;

import io.penstock.api.RouteName;

/// A name under which an agent may be reached, and its owner.
///
/// @param name the host or wildcard, and the path if there is one
/// @param user the user whose agents serve it
public record Route(RouteName name, String user) {

  /// Reads `DOMAIN[/PATH]` as a person types it.
  ///
  /// @throws IllegalArgumentException with a message for that person
  public static Route parse(String name, String user) {
    return new Route(RouteName.parse(name), user);
  }
}
