package io.penstock.gateway.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/// Brings a database to the schema of this program: numbered SQL scripts, each run once, all in one
/// transaction.
///
/// Both databases roll a failed schema change back. A script that has been released is never
/// edited; its hash in the database tells if it was. See `docs/decisions` for why this is no
/// library.
final class Migrations {

  /// The scripts in order; the position, from 1, is the version.
  private static final List<String> SCRIPTS =
      List.of("0001-tokens-and-routes.sql", "0002-overlay.sql", "0003-lease-gateway.sql");

  private static final String HISTORY =
      """
      CREATE TABLE IF NOT EXISTS schema_history (
        version INTEGER PRIMARY KEY,
        script TEXT NOT NULL,
        sha256 TEXT NOT NULL)\
      """;

  private record Applied(String script, String sha256) {}

  private Migrations() {}

  /// Runs what has not been run.
  ///
  /// @throws StorageException when the database was made by a newer program or by edited scripts
  static void run(Jdbi jdbi, Dialect dialect) throws StorageException {
    jdbi.useTransaction(
        transaction -> {
          dialect.lockForMigration(transaction);
          transaction.execute(HISTORY);
          Map<Integer, Applied> applied = applied(transaction);
          if (applied.size() > SCRIPTS.size()) {
            throw new StorageException(
                "the database has schema %d and this program knows %d: it was used by a newer Penstock; start that one"
                    .formatted(applied.size(), SCRIPTS.size()));
          }
          for (int version = 1; version <= SCRIPTS.size(); version++) {
            apply(transaction, version, applied.get(version));
          }
        });
  }

  private static Map<Integer, Applied> applied(Handle transaction) {
    return transaction
        .createQuery("SELECT version, script, sha256 FROM schema_history")
        .map(
            (row, _) ->
                Map.entry(
                    row.getInt("version"),
                    new Applied(row.getString("script"), row.getString("sha256"))))
        .list()
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  private static void apply(Handle transaction, int version, @Nullable Applied before)
      throws StorageException {
    String script = SCRIPTS.get(version - 1);
    String sql = read(script);
    String sha256 = TokenSecret.hash(sql);
    if (before != null) {
      if (!before.sha256.equals(sha256)) {
        throw new StorageException(
            "schema %d of the database was made by another script (%s) than this program's %s"
                .formatted(version, before.script, script));
      }
      return;
    }
    for (String statement : sql.split(";\\s*\\n", -1)) {
      if (!statement.isBlank()) {
        transaction.execute(statement);
      }
    }
    transaction
        .createUpdate(
            "INSERT INTO schema_history (version, script, sha256) VALUES (:version, :script,"
                + " :sha256)")
        .bind("version", version)
        .bind("script", script)
        .bind("sha256", sha256)
        .execute();
  }

  private static String read(String script) throws StorageException {
    try (InputStream in = Migrations.class.getResourceAsStream(script)) {
      if (in == null) {
        throw new StorageException("this program was packed without its script " + script);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (StorageException e) {
      throw e;
    } catch (IOException e) {
      throw new StorageException("cannot read the script " + script, e);
    }
  }
}
