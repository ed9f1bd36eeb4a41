package io.penstock.cli;

import io.penstock.node.up.UpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/// The option that says where the manager of this machine's overlay interface keeps its things.
final class UpDirectory {

  private static final Path USUAL = Path.of("/var/lib/penstock/up");

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description =
          "Where the node, the undo journal and the socket of penstock status and down are"
              + " (default: /var/lib/penstock/up).")
  private Path directory = USUAL;

  Path directory() {
    return directory;
  }

  /// Who is to be asked there.
  ///
  /// @throws Failure when this user may not look there
  UpClient client(String command) {
    Path path = directory.toAbsolutePath();
    for (Path each = path; each != null; each = each.getParent()) {
      if (Files.exists(each) && !Files.isExecutable(each)) {
        throw new Failure(each + " is another user's", "sudo penstock " + command);
      }
    }
    return new UpClient(path);
  }
}
