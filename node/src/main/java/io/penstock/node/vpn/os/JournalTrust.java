package io.penstock.node.vpn.os;

import io.penstock.node.store.OwnerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.stream.Stream;

/// Whether an undo journal can only be from ourselves.
///
/// What it says is done with all rights of this process: whoever could put one there could have any
/// file written.
final class JournalTrust {

  private static final Path STATUS = Path.of("/proc/thread-self/status");

  private JournalTrust() {}

  /// Refuses a directory in which others could put a journal.
  ///
  /// @throws IOException with what to do
  static void requireOwn(Path directory) throws IOException {
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
    if (ownerOf(directory) != user()
        || permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(
          "others than user %d may change %s, which says what is to be taken back on this machine; look at what is in it, then \"chown %d %s\" and \"chmod 700 %s\", or use another directory"
              .formatted(user(), directory, user(), directory, directory));
    }
  }

  /// Refuses a journal, which is there, that others may have written.
  ///
  /// @throws IOException with what to do
  static void requireOwn(OwnerFile journal) throws IOException {
    Path path = journal.path();
    if (ownerOf(path) != user()
        || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        || !journal.isPrivate()) {
      throw new IOException(
          "%s is not a file of user %d alone, so somebody else may have written it and nothing was taken back; look at what it says, then remove it, or \"chown %d %s\" and \"chmod 600 %s\" if that is right"
              .formatted(path, user(), user(), path, path));
    }
  }

  private static int ownerOf(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
  }

  /// The effective user of this thread, which is who makes files (proc_pid_status(5)).
  private static int user() throws IOException {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith("Uid:"))
          .map(line -> Integer.parseUnsignedInt(line.split("\\s+", -1)[2]))
          .findFirst()
          .orElseThrow(() -> new IOException(STATUS + " does not say who this process is"));
    }
  }
}
