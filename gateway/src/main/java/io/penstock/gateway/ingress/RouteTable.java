package io.penstock.gateway.ingress;

import io.penstock.api.RouteName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// All routes of the gateway, searched for the most specific one that matches a request.
///
/// An exact host beats a wildcard, a longer wildcard beats a shorter one, and within one host the
/// longest path of whole segments wins. What is chosen is final: a route without an agent does not
/// fall through to another.
///
/// Reads are lock-free on an immutable snapshot; any thread may call.
public final class RouteTable {

  private record Snapshot(Map<String, List<Route>> exact, Map<String, List<Route>> wildcard) {
    static final Snapshot EMPTY = new Snapshot(Map.of(), Map.of());
  }

  private volatile Snapshot snapshot = Snapshot.EMPTY;

  /// Replaces the whole table; requests in progress keep the route that they have.
  public void replaceAll(Collection<Route> routes) {
    Map<String, List<Route>> exact = new HashMap<>();
    Map<String, List<Route>> wildcard = new HashMap<>();
    for (Route route : routes) {
      var byHost = route.name().isWildcard() ? wildcard : exact;
      byHost.computeIfAbsent(route.name().host(), _ -> new ArrayList<>()).add(route);
    }
    exact.values().forEach(RouteTable::longestPathFirst);
    wildcard.values().forEach(RouteTable::longestPathFirst);
    snapshot = new Snapshot(exact, wildcard);
  }

  /// All routes, in no particular order.
  public List<Route> all() {
    Snapshot routes = snapshot;
    List<Route> all = new ArrayList<>();
    routes.exact.values().forEach(all::addAll);
    routes.wildcard.values().forEach(all::addAll);
    return all;
  }

  /// Finds the route for a request.
  ///
  /// @param host lower-case host name without port
  /// @param target path and query of the request as they were sent; equivalent spellings of the
  ///   path (RFC 3986 section 6.2.2) match the same routes, and the query is ignored
  public Optional<Route> match(String host, String target) {
    Snapshot routes = snapshot;
    String path = RouteName.comparablePath(target);
    Route found = longest(routes.exact.get(host), path);
    if (found == null && !routes.wildcard.isEmpty()) {
      for (int dot = host.indexOf('.');
          dot >= 0 && found == null;
          dot = host.indexOf('.', dot + 1)) {
        found = longest(routes.wildcard.get(host.substring(dot + 1)), path);
      }
    }
    return Optional.ofNullable(found);
  }

  /// Says whether any route could serve `host`, whatever the path: whether it deserves a
  /// certificate.
  public boolean knowsHost(String host) {
    Snapshot routes = snapshot;
    if (routes.exact.containsKey(host)) {
      return true;
    }
    for (int dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      if (dot > 0 && routes.wildcard.containsKey(host.substring(dot + 1))) {
        return true;
      }
    }
    return false;
  }

  private static void longestPathFirst(List<Route> routes) {
    routes.sort(Comparator.comparingInt((Route route) -> route.name().path().length()).reversed());
  }

  private static @Nullable Route longest(@Nullable List<Route> routes, String path) {
    if (routes != null) {
      for (Route route : routes) {
        if (covers(route.name().path(), path)) {
          return route;
        }
      }
    }
    return null;
  }

  private static boolean covers(String prefix, String path) {
    if (!path.startsWith(prefix)) {
      return false;
    }
    if (prefix.isEmpty() || path.length() == prefix.length()) {
      return true;
    }
    char next = path.charAt(prefix.length());
    return next == '/' || next == '?';
  }
}
