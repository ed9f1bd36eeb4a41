package io.penstock.node.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// A file for its owner alone, which appears whole or not at all, and is on the disk before anybody
/// is told of what is in it.
///
/// @param path in a directory that exists
public record OwnerFile(Path path) {

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  /// Writes the file in place of what there was.
  public void write(byte[] content) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    Path next =
        Files.createTempFile(
            directory, "writing", ".next", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      try (FileChannel out = FileChannel.open(next, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    } finally {
      Files.deleteIfExists(next);
    }
  }

  /// Whether nobody but the owner may read or change it.
  public boolean isPrivate() throws IOException {
    return OWNER_ONLY.containsAll(Files.getPosixFilePermissions(path));
  }
}
