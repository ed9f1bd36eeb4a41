package io.penstock.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.RouteName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteStorageTest extends StorageContract {

  @TempDir Path directory;

  private Path file() {
    return directory.resolve("penstock.db");
  }

  @Override
  JdbiStorage open(Clock clock) throws StorageException {
    return SqliteStorage.openJdbi(file(), clock);
  }

  @Test
  void hasTheDiskConfirmEveryCommit() throws Exception {
    assertThat(storage.setting("PRAGMA journal_mode")).isEqualTo("wal");
    assertThat(storage.setting("PRAGMA synchronous")).as("2 is FULL").isEqualTo("2");
  }

  @Test
  void hasCommittedWhenItReturns() throws Exception {
    storage.addRoute(RouteName.parse("app.example.com"), "ann");

    try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file());
        Statement statement = other.createStatement();
        ResultSet rows = statement.executeQuery("SELECT name FROM route")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1)).isEqualTo("app.example.com");
    }
  }

  @Test
  void keepsItsFileToItsOwner() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  @Test
  void namesTheFileThatIsNoDatabase() throws Exception {
    Path file = Files.writeString(directory.resolve("letter.db"), "Dear reader,\n".repeat(1000));

    assertThatThrownBy(() -> SqliteStorage.open(file, clock))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("letter.db")
        .hasMessageContaining("not a database");
    assertThat(Files.readString(file)).startsWith("Dear reader");
  }

  @Test
  void namesTheFileThatCannotBeMade() {
    assertThatThrownBy(() -> SqliteStorage.open(directory.resolve("no/such/penstock.db"), clock))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("no/such/penstock.db");
  }
}
