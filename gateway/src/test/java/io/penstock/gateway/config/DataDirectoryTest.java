package io.penstock.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {

  @TempDir Path parent;

  private Path path() {
    return parent.resolve("a/penstock");
  }

  @Test
  void isForItsOwnerAlone() throws Exception {
    try (DataDirectory directory = DataDirectory.open(path())) {
      directory.writeAdminToken("pst_x");

      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
          .isEqualTo("rwx------");
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(path().resolve(DataDirectory.ADMIN_TOKEN_FILE))))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void letsOneGatewayInAtATime() throws Exception {
    try (DataDirectory first = DataDirectory.open(path())) {
      assertThat(first.path()).isEqualTo(path());
      assertThatThrownBy(() -> DataDirectory.open(path()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another gateway runs with the data directory " + path())
          .hasMessageContaining("--data DIR");
    }
    DataDirectory.open(path()).close();
  }

  @Test
  void hasTheSameGatewayIdInEachRun() throws Exception {
    UUID id;
    try (DataDirectory directory = DataDirectory.open(path())) {
      id = directory.gatewayId();
      assertThat(directory.gatewayId()).isEqualTo(id);
    }
    try (DataDirectory directory = DataDirectory.open(path())) {
      assertThat(directory.gatewayId()).isEqualTo(id);
      Path file = Files.writeString(path().resolve("gateway-id"), "seven\n");
      assertThatThrownBy(directory::gatewayId)
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file + " holds no UUID");
    }
    try (DataDirectory another = DataDirectory.open(parent.resolve("b"))) {
      assertThat(another.gatewayId()).isNotEqualTo(id);
    }
  }

  @Test
  void tellsWhereTheAdminApiIsWhileItRuns() throws Exception {
    Path file = path().resolve(DataDirectory.ADMIN_ADDRESS_FILE);
    AdminAddress later = AdminAddress.parse("http://127.0.0.1:7071");
    try (DataDirectory directory = DataDirectory.open(path())) {
      directory.writeAdminAddress(AdminAddress.parse("http://127.0.0.1:7070"));
      directory.writeAdminAddress(later);
      assertThat(file).hasContent("http://127.0.0.1:7071");
      assertThat(DataDirectory.adminAddress(path())).contains(later);
    }
    assertThat(file).doesNotExist();
    assertThat(DataDirectory.adminAddress(path())).isEmpty();
  }

  @Test
  void saysWhichFileHoldsNoAdminAddress() throws Exception {
    DataDirectory.open(path()).close();
    Path file = Files.writeString(path().resolve(DataDirectory.ADMIN_ADDRESS_FILE), "nonsense");
    assertThatThrownBy(() -> DataDirectory.adminAddress(path()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("nonsense");
  }

  @Test
  void keepsTheAdminTokenForTheNextStart() throws Exception {
    try (DataDirectory directory = DataDirectory.open(path())) {
      assertThat(directory.adminToken()).isEmpty();
      directory.writeAdminToken("pst_x");
    }
    try (DataDirectory directory = DataDirectory.open(path())) {
      assertThat(directory.adminToken()).contains("pst_x");
      try (var files = Files.list(path())) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .containsExactlyInAnyOrder("lock", DataDirectory.ADMIN_TOKEN_FILE);
      }
    }
  }

  @Test
  void saysWhichDirectoryCannotBeMade() throws Exception {
    Path file = Files.writeString(parent.resolve("file"), "");

    assertThatThrownBy(() -> DataDirectory.open(file.resolve("penstock")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot make the data directory " + file.resolve("penstock"));
  }
}
