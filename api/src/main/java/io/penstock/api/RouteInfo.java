package io.penstock.api;

import java.time.Instant;
import java.util.List;

/// A route as the APIs list it.
///
/// @param route its name, which an agent gives in its greeting exactly so
/// @param user who owns it
/// @param created when it was added
/// @param urls the public addresses at which it answers, the secure ones first
public record RouteInfo(String route, String user, Instant created, List<String> urls) {
  public RouteInfo {
    urls = List.copyOf(urls);
  }
}
