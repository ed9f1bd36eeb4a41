package io.penstock.gateway.admin;

import io.penstock.api.AddRouteRequest;
import io.penstock.api.BackendInfo;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.Listing;
import io.penstock.api.PublicEndpoint;
import io.penstock.api.RouteName;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebHandler;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.gateway.store.RouteAddition;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The endpoints of the admin API: tokens, routes, backends, status.
///
/// A change is durable when it is answered, and what relied on a token or route that is gone has
/// been told to go by then.
final class AdminApi {

  private static final Logger LOG = LoggerFactory.getLogger(AdminApi.class);

  /// An endpoint for holders of an admin token.
  private interface AdminHandler {
    WebResponse handle(WebRequest request, StoredToken by) throws WebProblemException, IOException;
  }

  private final AdminGate gate;
  private final Storage storage;
  private final Operations operations;

  AdminApi(AdminGate gate, Storage storage, Operations operations) {
    this.gate = gate;
    this.storage = storage;
    this.operations = operations;
  }

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint("GET", "/api/v1/status", forAdmin((_, _) -> status())),
        new Endpoint("GET", "/api/v1/tokens", forAdmin((_, _) -> tokens())),
        new Endpoint("POST", "/api/v1/tokens", forAdmin(this::createToken)),
        new Endpoint("DELETE", "/api/v1/tokens/{id}", forAdmin(this::revokeToken)),
        new Endpoint("GET", "/api/v1/routes", forAdmin((_, _) -> routes())),
        new Endpoint("POST", "/api/v1/routes", forAdmin(this::addRoute)),
        new Endpoint("DELETE", "/api/v1/routes", Set.of("route"), forAdmin(this::removeRoute)),
        new Endpoint(
            "GET",
            "/api/v1/backends",
            Set.of("domain", "user"),
            forAdmin((request, _) -> backends(request))),
        new Endpoint("DELETE", "/api/v1/backends/{id}", forAdmin(this::kill)));
  }

  private WebHandler forAdmin(AdminHandler handler) {
    return request -> handler.handle(request, gate.admin(request));
  }

  private WebResponse status() {
    return WebResponse.json(200, operations.status());
  }

  private WebResponse tokens() throws IOException {
    return WebResponse.json(
        200, new Listing<>(storage.tokens().stream().map(StoredToken::info).toList()));
  }

  private WebResponse createToken(WebRequest request, StoredToken by)
      throws WebProblemException, IOException {
    CreateTokenRequest wanted = WebApi.body(request, CreateTokenRequest.class);
    CreatedToken created = storage.createToken(wanted);
    LOG.info(
        "token created id={} user={} scopes={} by={}",
        created.id(),
        created.user(),
        created.scopes(),
        by.id());
    return WebResponse.json(201, created);
  }

  private WebResponse revokeToken(WebRequest request, StoredToken by)
      throws WebProblemException, IOException {
    String id = request.parameter("id");
    if (!storage.revokeToken(id)) {
      throw new WebProblemException(404, "no_token", "there is no token with this id");
    }
    LOG.info("token revoked id={} by={}", id, by.id());
    operations.tokenRevoked(id);
    return WebResponse.noContent();
  }

  private WebResponse routes() throws IOException {
    List<PublicEndpoint> endpoints = operations.status().publicEndpoints();
    return WebResponse.json(
        200, new Listing<>(storage.routes().stream().map(route -> route.info(endpoints)).toList()));
  }

  private WebResponse addRoute(WebRequest request, StoredToken by)
      throws WebProblemException, IOException {
    AddRouteRequest wanted = WebApi.body(request, AddRouteRequest.class);
    return switch (storage.addRoute(RouteName.parse(wanted.route()), wanted.user())) {
      case RouteAddition.Added(var route) -> {
        LOG.info("route added route={} user={} by={}", route.name(), route.user(), by.id());
        operations.routeAdded(route);
        yield WebResponse.json(201, route.info(operations.status().publicEndpoints()));
      }
      case RouteAddition.Taken(var existing) ->
          throw new WebProblemException(
              409,
              "route_taken",
              "the route %s exists already and belongs to %s"
                  .formatted(existing.name(), existing.user()));
    };
  }

  private WebResponse removeRoute(WebRequest request, StoredToken by)
      throws WebProblemException, IOException {
    RouteName route = route(request, "route");
    if (!storage.removeRoute(route)) {
      throw new WebProblemException(404, "no_route", "there is no route " + route);
    }
    LOG.info("route removed route={} by={}", route, by.id());
    operations.routeRemoved(route);
    return WebResponse.noContent();
  }

  private WebResponse backends(WebRequest request) throws WebProblemException {
    List<BackendInfo> backends = operations.backends();
    if (request.query().containsKey("domain")) {
      String domain = route(request, "domain").toString();
      backends = backends.stream().filter(each -> each.domains().contains(domain)).toList();
    }
    if (request.query().containsKey("user")) {
      String user = request.query().getOrDefault("user", "");
      backends = backends.stream().filter(each -> each.user().equals(user)).toList();
    }
    return WebResponse.json(200, new Listing<>(backends));
  }

  private WebResponse kill(WebRequest request, StoredToken by) throws WebProblemException {
    String id = request.parameter("id");
    if (!operations.kill(id)) {
      throw new WebProblemException(
          404, "no_backend", "there is no backend with this id; it may have disconnected");
    }
    LOG.info("backend killed id={} by={}", id, by.id());
    return WebResponse.noContent();
  }

  private static RouteName route(WebRequest request, String parameter) throws WebProblemException {
    String text = request.query().get(parameter);
    if (text == null) {
      throw new WebProblemException(
          400, "bad_request", "the query parameter " + parameter + " is missing");
    }
    try {
      return RouteName.parse(text);
    } catch (IllegalArgumentException e) {
      throw new WebProblemException(400, "bad_request", String.valueOf(e.getMessage()));
    }
  }
}
