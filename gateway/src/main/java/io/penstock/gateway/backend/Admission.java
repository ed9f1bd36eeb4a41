package io.penstock.gateway.backend;

import static java.util.stream.Collectors.joining;

import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.ShellWord;
import io.penstock.api.tunnel.AgentHello;
import io.penstock.api.tunnel.Refusal;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import io.penstock.gateway.store.StoredRoute;
import io.penstock.gateway.store.StoredToken;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Decides whether an agent may serve the routes that it names.
///
/// The order of the checks is that of the original: the route exists, the token exists, it has the
/// scope `connect`, its owner owns the route. Blocks on the storage, so it runs on a virtual
/// thread.
final class Admission {

  /// What became of a greeting.
  sealed interface Verdict {

    /// The agent may serve.
    ///
    /// @param expires when the token ends, and the connection with it
    record Admitted(BackendConnection.Owner owner, Optional<Instant> expires) implements Verdict {}

    /// The agent may not.
    ///
    /// @param message for the person who started it; it holds no secret
    /// @param route the one of those it named that it may not serve, if that is the reason
    record Refused(Refusal refusal, String message, Optional<String> route) implements Verdict {

      /// A refusal that has nothing to do with a certain route.
      Refused(Refusal refusal, String message) {
        this(refusal, message, Optional.empty());
      }
    }
  }

  private final Storage storage;

  Admission(Storage storage) {
    this.storage = storage;
  }

  Verdict check(AgentHello hello) throws StorageException {
    List<StoredRoute> routes = new ArrayList<>();
    for (String name : hello.domains()) {
      Optional<StoredRoute> route = storage.hasRoute(name);
      if (route.isEmpty()) {
        return new Verdict.Refused(
            Refusal.NO_ROUTE,
            "this gateway has no route %s; add it with: penstock route add %s --user NAME"
                .formatted(name, ShellWord.of(name)),
            Optional.of(name));
      }
      routes.add(route.get());
    }
    Optional<StoredToken> token = storage.hasToken(hello.token());
    if (token.isEmpty()) {
      return refused(
          Refusal.BAD_TOKEN,
          "the token is unknown, revoked or expired; make one with: penstock token create"
              + " --user NAME --scope connect");
    }
    return owned(hello, token.get(), routes);
  }

  private Verdict owned(AgentHello hello, StoredToken token, List<StoredRoute> routes)
      throws StorageException {
    if (!token.scopes().contains(Scope.CONNECT)) {
      return refused(
          Refusal.MISSING_SCOPE,
          "the token of %1$s lacks the scope connect; make one with: penstock token create --user %1$s --scope connect"
              .formatted(token.user()));
    }
    if (hello.domains().isEmpty()) {
      return onlyRoute(hello, token);
    }
    for (StoredRoute route : routes) {
      if (!route.user().equals(token.user())) {
        return refused(
            Refusal.NOT_OWNER,
            "the route %s does not belong to %s, whose token this is; give a token of its owner, or name another route"
                .formatted(route.name(), token.user()));
      }
    }
    return admitted(hello, token, routes.stream().map(StoredRoute::name).distinct().toList());
  }

  private Verdict onlyRoute(AgentHello hello, StoredToken token) throws StorageException {
    List<RouteName> names = storage.routesOf(token.user()).stream().map(StoredRoute::name).toList();
    return switch (names.size()) {
      case 0 ->
          refused(
              Refusal.NO_ROUTE,
              "%1$s has no route on this gateway; add one with: penstock route add DOMAIN --user %1$s"
                  .formatted(token.user()));
      case 1 -> admitted(hello, token, names);
      default ->
          refused(
              Refusal.CHOOSE_ROUTE,
              "%s has several routes; choose with --domain: %s"
                  .formatted(
                      token.user(),
                      names.stream()
                          .map(name -> ShellWord.of(name.toString()))
                          .collect(joining(", "))));
    };
  }

  private static Verdict admitted(AgentHello hello, StoredToken token, List<RouteName> routes) {
    return new Verdict.Admitted(
        new BackendConnection.Owner(token.user(), token.id(), routes, hello.identity()),
        token.expires());
  }

  private static Verdict refused(Refusal refusal, String message) {
    return new Verdict.Refused(refusal, message);
  }
}
