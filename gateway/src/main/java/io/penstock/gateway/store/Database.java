package io.penstock.gateway.store;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/// The connections to one SQL database, whose failures are [StorageException]s.
final class Database implements AutoCloseable {

  /// Work on one connection that may itself fail with a [StorageException].
  interface Work<R> extends HandleCallback<R, StorageException> {}

  private final HikariDataSource pool;
  private final Jdbi jdbi;
  private final Dialect dialect;

  private Database(HikariDataSource pool, Dialect dialect) {
    this.pool = pool;
    this.jdbi = Jdbi.create(pool);
    this.dialect = dialect;
  }

  /// Takes the pool over and brings its database to the schema of this program.
  ///
  /// @throws StorageException with the pool closed
  static Database open(HikariDataSource pool, Dialect dialect) throws StorageException {
    Database database = new Database(pool, dialect);
    try {
      Migrations.run(database.jdbi, dialect);
      return database;
    } catch (JdbiException e) {
      pool.close();
      throw unavailable(e);
    } catch (StorageException | RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  /// Runs single statements, each of which is durable when it returns.
  <R> R with(Work<R> work) throws StorageException {
    try {
      return jdbi.withHandle(work);
    } catch (JdbiException e) {
      throw unavailable(e);
    }
  }

  /// Runs statements that are done all or none, and are durable when this returns.
  <R> R inTransaction(Work<R> work) throws StorageException {
    try {
      return jdbi.inTransaction(work);
    } catch (JdbiException e) {
      throw unavailable(e);
    }
  }

  /// What this kind of database does in its own way.
  Dialect dialect() {
    return dialect;
  }

  @Override
  public void close() {
    pool.close();
  }

  /// A time, in a column that may be empty.
  static Optional<Instant> time(ResultSet row, String column) throws SQLException {
    long millis = row.getLong(column);
    return row.wasNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
  }

  /// Keeps the database's own words; those of the layers above quote the values of the statement.
  private static StorageException unavailable(JdbiException e) {
    for (@Nullable Throwable each = e; each != null; each = each.getCause()) {
      if (each instanceof SQLException sql) {
        return new StorageException("the database failed: " + sql.getMessage(), sql);
      }
    }
    return new StorageException("the database failed", e);
  }
}
