package io.penstock.api;

/// What the admin API needs to add a route.
///
/// @param route `DOMAIN[/PATH]` in any spelling that [RouteName#parse] takes
/// @param user who owns it
public record AddRouteRequest(String route, String user) {
  public AddRouteRequest {
    RouteName.parse(route);
    UserName.require(user);
  }
}
