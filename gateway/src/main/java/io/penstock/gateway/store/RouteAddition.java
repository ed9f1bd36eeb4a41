package io.penstock.gateway.store;

/// What became of a wish to add a route.
public sealed interface RouteAddition {

  /// The route exists from now on.
  record Added(StoredRoute route) implements RouteAddition {}

  /// A route of this name exists and stays as it is.
  record Taken(StoredRoute existing) implements RouteAddition {}
}
