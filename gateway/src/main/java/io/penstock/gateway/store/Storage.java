package io.penstock.gateway.store;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.RouteName;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The gateway's durable memory of tokens and routes, and the way to that of the overlay.
///
/// Safe for use by several threads, and by several gateways where the database allows it. Every
/// call may block for as long as the database's own time limits say (seconds) and throws
/// [StorageException] when the database cannot be asked; then nothing has changed, or the change
/// was lost from sight with the connection and the next question tells.
public interface Storage extends AutoCloseable {

  /// The token with this secret, if there is one that is neither revoked nor expired.
  ///
  /// The database is asked for the hash of the secret, and what it answers is compared in constant
  /// time.
  Optional<StoredToken> hasToken(String secret) throws StorageException;

  /// The route with this name in any spelling; empty also for a text that is no route at all.
  Optional<StoredRoute> hasRoute(String name) throws StorageException;

  /// Makes a token. Its secret is in the answer and cannot be had again.
  CreatedToken createToken(CreateTokenRequest request) throws StorageException;

  /// All tokens, revoked and expired ones too, the oldest first.
  List<StoredToken> tokens() throws StorageException;

  /// Those of the tokens with these ids that are neither revoked nor expired.
  ///
  /// @param ids thousands at most
  Set<String> validTokens(Set<String> ids) throws StorageException;

  /// Ends a token for good; one that is revoked already keeps its time.
  ///
  /// @return whether there is such a token
  boolean revokeToken(String id) throws StorageException;

  /// Adds a route, unless one of this name exists.
  RouteAddition addRoute(RouteName name, String user) throws StorageException;

  /// All routes in the order of their names.
  List<StoredRoute> routes() throws StorageException;

  /// The routes of one user in the order of their names.
  List<StoredRoute> routesOf(String user) throws StorageException;

  /// Removes a route.
  ///
  /// @return whether there was one
  boolean removeRoute(RouteName name) throws StorageException;

  /// What the same database remembers of the overlay network; it ends with this.
  OverlayStorage overlay();

  /// Asks the database anything, to know that it answers.
  void ping() throws StorageException;

  /// Closes the connections to the database; no other call may follow.
  @Override
  void close();
}
