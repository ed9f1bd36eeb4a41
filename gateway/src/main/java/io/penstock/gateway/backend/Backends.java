package io.penstock.gateway.backend;

import io.penstock.api.RouteName;
import io.penstock.gateway.ingress.Route;
import io.penstock.gateway.ingress.Upstreams;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The registry of admitted agent connections, and the choice among them.
///
/// Of two usable connections drawn at random the one with fewer requests in flight is taken ("power
/// of two choices", Mitzenmacher 2001). If the draw holds none that is usable, all are looked at;
/// if none of all is below the threshold of suspicion, the least suspected is tried rather than
/// nobody.
///
/// Any thread may call any method; none blocks.
public final class Backends implements Upstreams {

  private static final Logger LOG = LoggerFactory.getLogger(Backends.class);
  private static final BackendConnection[] NOBODY = {};

  private final Map<String, BackendConnection> byId = new ConcurrentHashMap<>();
  private final Map<RouteName, BackendConnection[]> byRoute = new ConcurrentHashMap<>();
  private final Map<Object, BackendConnection> byIdentity = new ConcurrentHashMap<>();

  /// Starts with nobody registered.
  public Backends() {}

  /// All connections, in no particular order.
  public List<Backend> all() {
    return describe(_ -> true);
  }

  /// The connections that serve the route.
  public List<Backend> byDomain(RouteName route) {
    return describe(connection -> connection.owner().routes().contains(route));
  }

  /// The connections of the user.
  public List<Backend> byUser(String user) {
    return describe(connection -> connection.owner().user().equals(user));
  }

  /// Disconnects a connection; false if there is none with this id.
  public boolean kill(String id) {
    BackendConnection connection = byId.get(id);
    if (connection == null) {
      return false;
    }
    end(connection, CloseCause.KILLED);
    return true;
  }

  /// Disconnects what came in with the token.
  public void tokenRevoked(String tokenId) {
    endAll(it -> it.owner().tokenId().equals(tokenId), CloseCause.TOKEN_REVOKED);
  }

  /// Disconnects what serves a route that no longer exists or belongs to somebody else.
  public void routesChanged(Collection<Route> routes) {
    Map<RouteName, String> owners = new ConcurrentHashMap<>();
    routes.forEach(route -> owners.put(route.name(), route.user()));
    endAll(
        it ->
            !it.owner().routes().stream()
                .allMatch(route -> it.owner().user().equals(owners.get(route))),
        CloseCause.ROUTE_REMOVED);
  }

  /// How many connections are registered.
  public int size() {
    return byId.size();
  }

  /// How many requests are in flight on all connections.
  public int inFlight() {
    return byId.values().stream().mapToInt(BackendConnection::inFlight).sum();
  }

  /// Lets no new request reach any agent, and tells those that understand it.
  void drain() {
    byId.values().forEach(BackendConnection::drain);
  }

  /// Disconnects everybody.
  void closeAll() {
    endAll(_ -> true, CloseCause.SHUTDOWN);
  }

  /// Registers an admitted connection; a ghost of the same agent and number is closed.
  void register(BackendConnection connection) {
    byId.put(connection.id(), connection);
    for (RouteName route : connection.owner().routes()) {
      byRoute.merge(route, new BackendConnection[] {connection}, Backends::append);
    }
    identity(connection)
        .map(identity -> byIdentity.put(identity, connection))
        .ifPresent(ghost -> end(ghost, CloseCause.REPLACED));
  }

  /// Forgets a connection whose session is over. Safe to call repeatedly.
  void unregister(BackendConnection connection) {
    connection.closed();
    if (!byId.remove(connection.id(), connection)) {
      return;
    }
    for (RouteName route : connection.owner().routes()) {
      byRoute.computeIfPresent(route, (_, all) -> without(all, connection));
    }
    identity(connection).ifPresent(identity -> byIdentity.remove(identity, connection));
  }

  @Override
  public Choice choose(Route route) {
    BackendConnection[] all = byRoute.getOrDefault(route.name(), NOBODY);
    BackendConnection picked = pick(all);
    return picked == null ? None.NO_AGENT : new Chosen(picked.chosen());
  }

  private static @Nullable BackendConnection pick(BackendConnection[] all) {
    if (all.length == 0) {
      return null;
    }
    var random = ThreadLocalRandom.current();
    int one = random.nextInt(all.length);
    BackendConnection first = all[one];
    if (all.length > 1) {
      int other = (one + 1 + random.nextInt(all.length - 1)) % all.length;
      BackendConnection second = all[other];
      if (first.isUsable() && second.isUsable()) {
        return first.inFlight() <= second.inFlight() ? first : second;
      }
    } else if (first.isUsable()) {
      return first;
    }
    return leastSuspected(all);
  }

  /// Takes the usable one with the fewest requests, else the serving one with the lowest phi.
  private static @Nullable BackendConnection leastSuspected(BackendConnection[] all) {
    BackendConnection usable = null;
    BackendConnection serving = null;
    double lowest = Double.POSITIVE_INFINITY;
    for (BackendConnection each : all) {
      if (each.isUsable()) {
        if (usable == null || each.inFlight() < usable.inFlight()) {
          usable = each;
        }
      } else if (each.isServing() && each.phi() < lowest) {
        lowest = each.phi();
        serving = each;
      }
    }
    return usable != null ? usable : serving;
  }

  private List<Backend> describe(Predicate<BackendConnection> wanted) {
    return byId.values().stream().filter(wanted).map(BackendConnection::describe).toList();
  }

  private void endAll(Predicate<BackendConnection> wanted, CloseCause cause) {
    byId.values().stream().filter(wanted).forEach(connection -> end(connection, cause));
  }

  /// Disconnects one connection.
  void end(BackendConnection connection, CloseCause cause) {
    LOG.info(
        "backend ended id={} user={} domains={} reason={}",
        connection.id(),
        connection.owner().user(),
        connection.owner().routes(),
        cause.code());
    unregister(connection);
    connection.close(cause);
  }

  /// What makes a reconnect the same connection; another user cannot claim it.
  private static Optional<Object> identity(BackendConnection connection) {
    var owner = connection.owner();
    return owner.identity().map(identity -> List.of(owner.user(), identity));
  }

  private static BackendConnection[] append(BackendConnection[] all, BackendConnection[] added) {
    BackendConnection[] grown = Arrays.copyOf(all, all.length + 1);
    grown[all.length] = added[0];
    return grown;
  }

  private static BackendConnection @Nullable [] without(
      BackendConnection[] all, BackendConnection gone) {
    BackendConnection[] left =
        Arrays.stream(all).filter(each -> each != gone).toArray(BackendConnection[]::new);
    return left.length == 0 ? null : left;
  }
}
