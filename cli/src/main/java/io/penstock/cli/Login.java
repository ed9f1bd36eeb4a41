package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.config.ConfigBinder;
import io.penstock.api.config.ConfigException;
import io.penstock.api.config.Secret;
import io.penstock.transport.tls.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// What this user told `penstock login` about a gateway.
///
/// @param gateway its tunnel port
/// @param token of the user, if one was given
/// @param fingerprint of the gateway's authority, if it was pinned
/// @param ca file with the authorities to trust, if one was given
public record Login(
    Optional<HostPort> gateway,
    Optional<Secret> token,
    Optional<String> fingerprint,
    Optional<Path> ca) {

  public Login {
    fingerprint.ifPresent(Fingerprint::parse);
  }

  /// Nothing remembered.
  static final Login NONE =
      new Login(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  private static final String VARIABLE_PREFIX = "PENSTOCK_LOGIN_";

  /// Reads what was remembered; [#NONE] when there is nothing.
  ///
  /// @throws ConfigException when it is not what [#write] writes
  /// @throws IOException when it cannot be read, or is no text
  static Login read(Path file) throws IOException, ConfigException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a directory");
    }
    return Files.exists(file) ? ConfigBinder.of(NONE, VARIABLE_PREFIX).file(file).bind() : NONE;
  }

  /// Writes the file, readable by its owner alone from the moment that it exists.
  void write(Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || Files.isDirectory(file)) {
      throw new IOException(file + " is a directory, where login keeps a file; remove it");
    }
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path next =
        Files.createTempFile(
            directory,
            "login",
            ".next",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      Files.writeString(next, toml());
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(next);
    }
  }

  private String toml() {
    StringBuilder toml = new StringBuilder("# Written by penstock login. Keep it to yourself.\n");
    gateway.ifPresent(value -> line(toml, "gateway", value.toString()));
    token.ifPresent(value -> line(toml, "token", value.value()));
    fingerprint.ifPresent(value -> line(toml, "fingerprint", value));
    ca.ifPresent(value -> line(toml, "ca", value.toString()));
    return toml.toString();
  }

  /// A basic string of TOML 1.0: backslash and quote are escaped, control characters cannot occur.
  private static void line(StringBuilder toml, String key, String value) {
    String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"");
    toml.append(key).append(" = \"").append(escaped).append("\"\n");
  }
}
