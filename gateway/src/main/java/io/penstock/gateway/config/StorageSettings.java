package io.penstock.gateway.config;

import io.penstock.api.config.Requirements;
import io.penstock.api.config.Secret;
import io.penstock.gateway.store.PostgresAddress;
import io.penstock.gateway.store.PostgresStorage;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// The table `storage`: where tokens and routes are kept.
///
/// @param url a PostgreSQL database, `postgresql://USER@HOST:PORT/DATABASE`; without it an SQLite
///   file in the data directory
/// @param password for the database, if it is not in the URL
/// @param passwordFile holds that password, if it is not set either
/// @param connections to PostgreSQL at most
public record StorageSettings(
    Optional<Secret> url, Optional<Secret> password, Optional<Path> passwordFile, int connections) {

  /// Queries take well under a millisecond; more connections would wait for the same disk.
  public static final int DEFAULT_CONNECTIONS = 8;

  /// What holds when nothing is set.
  public static final StorageSettings DEFAULT =
      new StorageSettings(
          Optional.empty(), Optional.empty(), Optional.empty(), DEFAULT_CONNECTIONS);

  public StorageSettings {
    Requirements.of("storage")
        .that(
            url.map(StorageSettings::isPostgres).orElse(true),
            "url",
            "(hidden)",
            PostgresAddress.ALLOWED)
        .that(
            password.isEmpty() || passwordFile.isEmpty(),
            "password_file",
            "set",
            "off, because password is set too")
        .between("connections", connections, 1, 1000)
        .check();
  }

  /// The same in a PostgreSQL database.
  public StorageSettings inPostgres(String address) {
    return new StorageSettings(
        Optional.of(new Secret(address)), password, passwordFile, connections);
  }

  /// Opens the database, which may take seconds.
  ///
  /// @param directory where the SQLite file is, if it is SQLite
  /// @throws IOException when the password file cannot be read or the database cannot be used
  public Storage open(DataDirectory directory, Clock clock) throws IOException {
    if (url.isEmpty()) {
      return SqliteStorage.open(directory.database(), clock);
    }
    PostgresAddress address = PostgresAddress.parse(url.get().value());
    if (password.isPresent()) {
      address = address.withPassword(password.get().value());
    } else if (passwordFile.isPresent()) {
      address = address.withPassword(Files.readString(passwordFile.get()).strip());
    }
    return PostgresStorage.open(address, connections, clock);
  }

  private static boolean isPostgres(Secret url) {
    try {
      PostgresAddress.parse(url.value());
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
