package io.penstock.gateway.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Clock;
import java.time.Duration;

/// Opens the storage of one or more gateways in a PostgreSQL database.
public final class PostgresStorage {

  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);

  /// Every statement of ours is a lookup or a change by key.
  private static final Duration STATEMENT_LIMIT = Duration.ofSeconds(10);

  private PostgresStorage() {}

  /// Connects and brings the database to the schema of this program.
  ///
  /// @param connections how many at most
  /// @throws StorageException when it does not answer or refuses, with the address and no password
  public static Storage open(PostgresAddress address, int connections, Clock clock)
      throws StorageException {
    return openJdbi(address, connections, clock);
  }

  static JdbiStorage openJdbi(PostgresAddress address, int connections, Clock clock)
      throws StorageException {
    HikariConfig config = new HikariConfig();
    config.setPoolName("postgresql");
    config.setJdbcUrl(address.jdbcUrl());
    address.user().ifPresent(config::setUsername);
    address.password().ifPresent(config::setPassword);
    config.setMaximumPoolSize(connections);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(CONNECT_LIMIT.toMillis());
    config.addDataSourceProperty("ApplicationName", "penstock");
    config.addDataSourceProperty("tcpKeepAlive", "true");
    config.addDataSourceProperty("connectTimeout", String.valueOf(CONNECT_LIMIT.toSeconds()));
    config.addDataSourceProperty("socketTimeout", String.valueOf(STATEMENT_LIMIT.toSeconds()));
    // A server or database may be set to answer before its log is on disk; what we acknowledge must
    // not be lost.
    config.setConnectionInitSql("SET synchronous_commit = on");
    try {
      return JdbiStorage.open(new HikariDataSource(config), Dialect.POSTGRESQL, clock);
    } catch (StorageException | RuntimeException e) {
      String why = e.getCause() == null ? e.getMessage() : e.getCause().getMessage();
      throw new StorageException("cannot use the database " + address + ": " + why, e);
    }
  }
}
