package io.penstock.gateway.admin;

import io.penstock.api.BackendInfo;
import io.penstock.api.GatewayStatus;
import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteName;
import io.penstock.gateway.store.StoredRoute;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/// A gateway without traffic: two agents are connected, and what is asked of it is written down.
final class RecordingOperations implements Operations {

  static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  final List<String> asked = new CopyOnWriteArrayList<>();
  volatile GatewayStatus.Phase phase = GatewayStatus.Phase.SERVING;
  private final List<BackendInfo> backends =
      new CopyOnWriteArrayList<>(
          List.of(
              new BackendInfo(
                  "b1",
                  "tcp",
                  "ann",
                  List.of("app.example.com"),
                  "192.0.2.1",
                  Double.POSITIVE_INFINITY,
                  3,
                  false,
                  NOON),
              new BackendInfo(
                  "b2", "kcp", "bob", List.of("bob.example.com/x"), "::1", 0.1, 0, true, NOON)));

  @Override
  public GatewayStatus status() {
    return new GatewayStatus(
        "0.1.0",
        NOON,
        phase,
        Map.of("ingress.http", "127.0.0.1:8000"),
        List.of(new PublicEndpoint("http", 8000), new PublicEndpoint("https", 443)),
        Optional.of("sha256:00"),
        Map.of("epoll", true, "openssl", true, "quic", false),
        backends.size());
  }

  @Override
  public List<BackendInfo> backends() {
    return List.copyOf(backends);
  }

  @Override
  public boolean kill(String backend) {
    asked.add("kill " + backend);
    return backends.removeIf(each -> each.id().equals(backend));
  }

  @Override
  public void tokenRevoked(String token) {
    asked.add("tokenRevoked " + token);
  }

  @Override
  public void routeAdded(StoredRoute route) {
    asked.add("routeAdded " + route.name() + " " + route.user());
  }

  @Override
  public void routeRemoved(RouteName route) {
    asked.add("routeRemoved " + route);
  }
}
