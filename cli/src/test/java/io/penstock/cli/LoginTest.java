package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.api.HostPort;
import io.penstock.api.config.ConfigException;
import io.penstock.api.config.Secret;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoginTest {

  private static final Login LOGIN =
      new Login(
          Optional.of(HostPort.parse("gw.example.com:7443")),
          Optional.of(new Secret("s3cret\\\"#")),
          Optional.of("sha256:" + "ab".repeat(32)),
          Optional.of(Path.of("/etc/ca \"own\".pem")));

  @TempDir private Path directory;

  @Test
  void whatWasWrittenIsRead() throws Exception {
    Path file = directory.resolve("new/login.toml");
    LOGIN.write(file);
    assertThat(Login.read(file)).isEqualTo(LOGIN);
  }

  @Test
  void theFileIsReadableByItsOwnerAlone() throws Exception {
    Path file = Files.writeString(directory.resolve("login.toml"), "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    LOGIN.write(file);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void aMissingFileRemembersNothing() throws Exception {
    assertThat(Login.read(directory.resolve("none"))).isEqualTo(Login.NONE);
  }

  @Test
  void aMistypedKeyIsNamedWithFileAndLine() throws Exception {
    Path file = Files.writeString(directory.resolve("login.toml"), "gatewya = \"x:1\"\n");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> Login.read(file))
        .withMessageContaining(file + ":1")
        .withMessageContaining("did you mean \"gateway\"");
  }

  @Test
  void theTokenIsNotInItsText() {
    assertThat(LOGIN.toString()).doesNotContain("s3cret");
  }
}
