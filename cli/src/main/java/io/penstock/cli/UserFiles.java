package io.penstock.cli;

import java.nio.file.Path;

/// Where this user's files are (XDG Base Directory Specification).
final class UserFiles {

  private UserFiles() {}

  /// What `penstock login` remembers.
  static Path login(Console console) {
    return base(console, "XDG_CONFIG_HOME", ".config").resolve("login.toml");
  }

  /// Where the identity is kept under which `penstock ping` joins an overlay network.
  static Path pingIdentity(Console console) {
    return base(console, "XDG_STATE_HOME", ".local/state").resolve("ping");
  }

  /// Where the nodes of `penstock node run` keep their state, each in a directory of its name.
  static Path nodes(Console console) {
    return base(console, "XDG_STATE_HOME", ".local/state").resolve("nodes");
  }

  /// "All paths set in these environment variables must be absolute. If … relative … ignore it."
  private static Path base(Console console, String variable, String fallback) {
    Path base =
        console
            .variable(variable)
            .map(Path::of)
            .filter(Path::isAbsolute)
            .orElseGet(() -> console.home().resolve(fallback));
    return base.resolve("penstock");
  }
}
