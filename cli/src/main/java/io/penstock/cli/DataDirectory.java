package io.penstock.cli;

import io.penstock.api.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The data directory of a gateway as a neighbour on the same machine reads it.
record DataDirectory(Path path) {

  static Path usual(Console console) {
    return console.home().resolve(".local/share/penstock");
  }

  HostPort adminAddress() throws IOException {
    return HostPort.parse(Files.readString(path.resolve("admin-address")).strip());
  }

  Path adminTokenFile() {
    return path.resolve("admin-token");
  }
}
