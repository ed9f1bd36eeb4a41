package io.penstock.gateway;

import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteName;
import io.penstock.gateway.config.IngressSettings;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The addresses at which visitors reach a route: those of the listeners, unless the configuration
/// says that something in front shows other ports.
final class PublicAddresses {

  private final List<PublicEndpoint> endpoints;

  PublicAddresses(
      IngressSettings settings,
      Optional<InetSocketAddress> http,
      Optional<InetSocketAddress> https) {
    List<PublicEndpoint> all = new ArrayList<>();
    http.ifPresent(
        at -> all.add(new PublicEndpoint("http", settings.publicHttpPort().orElse(at.getPort()))));
    https.ifPresent(
        at ->
            all.add(new PublicEndpoint("https", settings.publicHttpsPort().orElse(at.getPort()))));
    this.endpoints = List.copyOf(all);
  }

  List<PublicEndpoint> endpoints() {
    return endpoints;
  }

  /// The public addresses of a route.
  List<String> urls(RouteName route) {
    return endpoints.stream().map(endpoint -> endpoint.url(route)).toList();
  }
}
