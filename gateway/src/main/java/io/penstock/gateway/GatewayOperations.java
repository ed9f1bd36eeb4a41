package io.penstock.gateway;

import io.penstock.api.BackendInfo;
import io.penstock.api.GatewayStatus;
import io.penstock.api.RouteName;
import io.penstock.gateway.admin.Operations;
import io.penstock.gateway.backend.Backend;
import io.penstock.gateway.backend.Backends;
import io.penstock.gateway.backend.TunnelServer;
import io.penstock.gateway.ingress.Route;
import io.penstock.gateway.ingress.RouteTable;
import io.penstock.gateway.overlay.Overlay;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredRoute;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the admin API may ask of the gateway. Called on virtual threads.
final class GatewayOperations implements Operations {

  private static final Logger LOG = LoggerFactory.getLogger(GatewayOperations.class);

  private final Storage storage;
  private final RouteTable routes;
  private final Backends backends;
  private final Supplier<GatewayStatus> status;
  private volatile @Nullable TunnelServer tunnel;
  private volatile @Nullable Overlay overlay;

  GatewayOperations(
      Storage storage, RouteTable routes, Backends backends, Supplier<GatewayStatus> status) {
    this.storage = storage;
    this.routes = routes;
    this.backends = backends;
    this.status = status;
  }

  /// Says who holds the connections, once it exists.
  void tunnel(TunnelServer server) {
    this.tunnel = server;
  }

  /// Says who holds the tunnels of nodes, once it exists.
  void overlay(Overlay started) {
    this.overlay = started;
  }

  /// Reads the routes from the storage into the table of the ingress.
  List<Route> readRoutes() throws StorageException {
    // Two changes at once must not put an older list over a newer one.
    synchronized (routes) {
      List<Route> all =
          storage.routes().stream().map(stored -> new Route(stored.name(), stored.user())).toList();
      routes.replaceAll(all);
      return all;
    }
  }

  @Override
  public GatewayStatus status() {
    return status.get();
  }

  @Override
  public List<BackendInfo> backends() {
    return backends.all().stream().map(GatewayOperations::info).toList();
  }

  private static BackendInfo info(Backend backend) {
    return new BackendInfo(
        backend.id(),
        backend.transport(),
        backend.user(),
        backend.domains(),
        backend.host(),
        backend.phi(),
        backend.inFlight(),
        backend.usable(),
        backend.connectedAt());
  }

  @Override
  public boolean kill(String backend) {
    return backends.kill(backend);
  }

  @Override
  public void tokenRevoked(String token) {
    TunnelServer server = tunnel;
    if (server != null) {
      server.tokenRevoked(token);
    }
    Overlay nodes = overlay;
    if (nodes != null) {
      nodes.tokenRevoked(token);
    }
  }

  @Override
  public void routeAdded(StoredRoute route) {
    changeRoutes(
        known -> {
          known.removeIf(each -> each.name().equals(route.name()));
          known.add(new Route(route.name(), route.user()));
        });
  }

  @Override
  public void routeRemoved(RouteName route) {
    changeRoutes(known -> known.removeIf(each -> each.name().equals(route)));
  }

  /// Reads the routes anew. If the storage does not answer, at least the change that it has
  /// confirmed is made.
  private void changeRoutes(Consumer<List<Route>> change) {
    List<Route> now;
    synchronized (routes) {
      try {
        now = readRoutes();
      } catch (StorageException e) {
        LOG.error("cannot read the routes anew; changing one by one cause=\"{}\"", e.getMessage());
        now = new ArrayList<>(routes.all());
        change.accept(now);
        routes.replaceAll(now);
      }
    }
    TunnelServer server = tunnel;
    if (server != null) {
      server.routesChanged(now);
    }
  }
}
