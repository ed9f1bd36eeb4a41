package io.penstock.gateway.store;

import com.zaxxer.hikari.HikariDataSource;
import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.api.UserName;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/// Tokens and routes in any SQL database: the one implementation behind both kinds.
///
/// Times are kept as milliseconds of the Unix epoch and hashes as hexadecimal text, because those
/// mean the same in every database. A change is one statement or one transaction, and the database
/// is configured so that its commit is durable.
final class JdbiStorage implements Storage {

  private final Database database;
  private final OverlayStorage overlay;
  private final Clock clock;

  private JdbiStorage(Database database, Clock clock) {
    this.database = database;
    this.overlay = new OverlayStorage(database);
    this.clock = clock;
  }

  /// Takes the pool over and brings its database to the schema of this program.
  ///
  /// @throws StorageException with the pool closed
  static JdbiStorage open(HikariDataSource pool, Dialect dialect, Clock clock)
      throws StorageException {
    return new JdbiStorage(Database.open(pool, dialect), clock);
  }

  @Override
  public Optional<StoredToken> hasToken(String secret) throws StorageException {
    if (!TokenSecret.isPlausible(secret)) {
      return Optional.empty();
    }
    String hash = TokenSecret.hash(secret);
    Instant now = clock.instant();
    return database.with(
        handle ->
            handle
                .createQuery("SELECT * FROM token WHERE hash = :hash")
                .bind("hash", hash)
                .map(
                    (row, _) ->
                        TokenSecret.equal(hash, row.getString("hash"))
                            ? Optional.of(token(row))
                            : Optional.<StoredToken>empty())
                .findOne()
                .flatMap(found -> found)
                .filter(token -> token.isValidAt(now)));
  }

  @Override
  public Optional<StoredRoute> hasRoute(String name) throws StorageException {
    RouteName normal;
    try {
      normal = RouteName.parse(name);
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
    return database.with(handle -> find(handle, normal));
  }

  @Override
  public CreatedToken createToken(CreateTokenRequest request) throws StorageException {
    String secret = TokenSecret.create();
    String id = TokenSecret.createId();
    Optional<Instant> expires = request.expires().map(JdbiStorage::toMillis);
    database.with(
        handle ->
            handle
                .createUpdate(
                    """
                    INSERT INTO token (id, hash, owner, scopes, created_millis, expires_millis)
                    VALUES (:id, :hash, :owner, :scopes, :created, :expires)\
                    """)
                .bind("id", id)
                .bind("hash", TokenSecret.hash(secret))
                .bind("owner", request.user())
                .bind(
                    "scopes",
                    request.scopes().stream().map(Scope::word).collect(Collectors.joining(" ")))
                .bind("created", clock.millis())
                .bind("expires", expires.map(Instant::toEpochMilli).orElse(null))
                .execute());
    return new CreatedToken(id, secret, request.user(), request.scopes(), expires);
  }

  @Override
  public List<StoredToken> tokens() throws StorageException {
    return database.with(
        handle ->
            handle
                .createQuery("SELECT * FROM token ORDER BY created_millis, id")
                .map((row, _) -> token(row))
                .list());
  }

  @Override
  public Set<String> validTokens(Set<String> ids) throws StorageException {
    Instant now = clock.instant();
    Set<String> valid = new HashSet<>();
    return database.with(
        handle -> {
          for (List<String> some : IdLists.of(ids)) {
            handle
                .createQuery("SELECT * FROM token WHERE id IN (<ids>)")
                .bindList("ids", some)
                .map((row, _) -> token(row))
                .stream()
                .filter(token -> token.isValidAt(now))
                .forEach(token -> valid.add(token.id()));
          }
          return valid;
        });
  }

  @Override
  public boolean revokeToken(String id) throws StorageException {
    int found =
        database.with(
            handle ->
                handle
                    .createUpdate(
                        """
                        UPDATE token SET revoked_millis = COALESCE(revoked_millis, :now)
                        WHERE id = :id\
                        """)
                    .bind("now", clock.millis())
                    .bind("id", id)
                    .execute());
    return found > 0;
  }

  @Override
  public RouteAddition addRoute(RouteName name, String user) throws StorageException {
    StoredRoute wanted = new StoredRoute(name, UserName.require(user), toMillis(clock.instant()));
    return database.with(
        handle ->
            handle.inTransaction(
                transaction -> {
                  int added =
                      transaction
                          .createUpdate(
                              """
                              INSERT INTO route (name, owner, created_millis)
                              VALUES (:name, :owner, :created) ON CONFLICT (name) DO NOTHING\
                              """)
                          .bind("name", name.toString())
                          .bind("owner", wanted.user())
                          .bind("created", wanted.created().toEpochMilli())
                          .execute();
                  return added > 0
                      ? new RouteAddition.Added(wanted)
                      : new RouteAddition.Taken(find(transaction, name).orElse(wanted));
                }));
  }

  @Override
  public List<StoredRoute> routes() throws StorageException {
    return database.with(
        handle ->
            sorted(handle.createQuery("SELECT * FROM route").map((row, _) -> route(row)).list()));
  }

  @Override
  public List<StoredRoute> routesOf(String user) throws StorageException {
    return database.with(
        handle ->
            sorted(
                handle
                    .createQuery("SELECT * FROM route WHERE owner = :owner")
                    .bind("owner", user)
                    .map((row, _) -> route(row))
                    .list()));
  }

  @Override
  public boolean removeRoute(RouteName name) throws StorageException {
    int removed =
        database.with(
            handle ->
                handle
                    .createUpdate("DELETE FROM route WHERE name = :name")
                    .bind("name", name.toString())
                    .execute());
    return removed > 0;
  }

  @Override
  public void ping() throws StorageException {
    database.with(handle -> handle.createQuery("SELECT 1").mapTo(Integer.class).one());
  }

  @Override
  public OverlayStorage overlay() {
    return overlay;
  }

  @Override
  public void close() {
    database.close();
  }

  /// Asks the database itself for one of its settings, so that a test can hold us to them.
  String setting(String query) throws StorageException {
    return database.with(handle -> handle.createQuery(query).mapTo(String.class).one());
  }

  /// Sorts here, as each database has an order of its own for texts.
  private static List<StoredRoute> sorted(List<StoredRoute> routes) {
    return routes.stream().sorted(Comparator.comparing(route -> route.name().toString())).toList();
  }

  private static Optional<StoredRoute> find(Handle handle, RouteName name) {
    return handle
        .createQuery("SELECT * FROM route WHERE name = :name")
        .bind("name", name.toString())
        .map((row, _) -> route(row))
        .findOne();
  }

  private static StoredToken token(ResultSet row) throws SQLException {
    return new StoredToken(
        row.getString("id"),
        row.getString("owner"),
        Arrays.stream(row.getString("scopes").split(" ", -1))
            .map(Scope::parse)
            .collect(Collectors.toSet()),
        Instant.ofEpochMilli(row.getLong("created_millis")),
        Database.time(row, "expires_millis"),
        Database.time(row, "revoked_millis"));
  }

  private static StoredRoute route(ResultSet row) throws SQLException {
    return new StoredRoute(
        RouteName.parse(row.getString("name")),
        row.getString("owner"),
        Instant.ofEpochMilli(row.getLong("created_millis")));
  }

  private static Instant toMillis(Instant time) {
    return time.truncatedTo(ChronoUnit.MILLIS);
  }
}
