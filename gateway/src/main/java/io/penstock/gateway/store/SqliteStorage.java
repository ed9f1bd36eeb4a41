package io.penstock.gateway.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// Opens the storage of a single gateway: one SQLite file in its data directory.
public final class SqliteStorage {

  /// How long a statement waits for another writer, in this process or another.
  static final Duration BUSY_LIMIT = Duration.ofSeconds(5);

  /// Readers do not wait for each other in WAL mode; more would only wait for the one writer.
  private static final int CONNECTIONS = 4;

  private SqliteStorage() {}

  /// Opens the file, or makes it, readable by its owner alone.
  ///
  /// @param file in a directory that exists
  /// @throws StorageException when it is no database of ours or cannot be written, with the file
  public static Storage open(Path file, Clock clock) throws StorageException {
    return openJdbi(file, clock);
  }

  static JdbiStorage openJdbi(Path file, Clock clock) throws StorageException {
    try {
      if (!Files.exists(file)) {
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw new StorageException("cannot make the database " + file + ": " + e.getMessage(), e);
    }
    HikariConfig config = new HikariConfig();
    config.setPoolName("sqlite");
    config.setDataSource(dataSource(file));
    config.setMaximumPoolSize(CONNECTIONS);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(BUSY_LIMIT.toMillis());
    try {
      return JdbiStorage.open(new HikariDataSource(config), Dialect.SQLITE, clock);
    } catch (StorageException | RuntimeException e) {
      throw new StorageException("cannot use the database " + file + ": " + e.getMessage(), e);
    }
  }

  private static SQLiteDataSource dataSource(Path file) {
    SQLiteConfig config = new SQLiteConfig();
    // https://sqlite.org/pragma.html#pragma_synchronous: "WAL mode is always consistent with
    // synchronous=NORMAL, but WAL mode does lose durability." FULL keeps it.
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    config.setBusyTimeout(Math.toIntExact(BUSY_LIMIT.toMillis()));
    config.enforceForeignKeys(true);
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + file.toAbsolutePath());
    return source;
  }
}
