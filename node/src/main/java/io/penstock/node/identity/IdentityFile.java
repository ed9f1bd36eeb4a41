package io.penstock.node.identity;

import io.penstock.node.store.OwnerFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;

/// The file `node.pem` in a node's state directory, for its owner alone.
///
/// It appears whole or not at all, and is on the disk before anybody is told of what is in it: a
/// node that forgot its key after a power failure could never be itself again.
final class IdentityFile {

  private static final String NAME = "node.pem";

  /// A key and an id in PEM are a few hundred bytes.
  private static final int MAX_BYTES = 16 * 1024;

  private static final Set<PosixFilePermission> OTHERS_WRITE =
      EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

  private final Path file;

  private IdentityFile(Path directory) {
    this.file = directory.resolve(NAME);
  }

  /// Makes the directory unless there is one.
  static IdentityFile in(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    Set<PosixFilePermission> allowed = Files.getPosixFilePermissions(directory);
    if (allowed.stream().anyMatch(OTHERS_WRITE::contains)) {
      throw new IOException(
          "others may change the files in %s (%s); try: chmod 700 %s"
              .formatted(directory, PosixFilePermissions.toString(allowed), directory));
    }
    return new IdentityFile(directory);
  }

  /// Reads the identity, or keeps a new one. The caller holds the directory's lock.
  StoredIdentity readOrCreate(Supplier<StoredIdentity> fresh) throws IOException {
    if (Files.exists(file)) {
      return read();
    }
    StoredIdentity made = fresh.get();
    new OwnerFile(file).write(made.pem().getBytes(StandardCharsets.US_ASCII));
    return made;
  }

  private StoredIdentity read() throws IOException {
    if (!new OwnerFile(file).isPrivate()) {
      throw new IOException(
          "others may use the key in %s (%s); if nobody has, try: chmod 600 %s"
              .formatted(
                  file, PosixFilePermissions.toString(Files.getPosixFilePermissions(file)), file));
    }
    if (Files.size(file) > MAX_BYTES) {
      throw broken("it is too large");
    }
    try {
      return StoredIdentity.parse(Files.readString(file, StandardCharsets.US_ASCII));
    } catch (CharacterCodingException | IllegalArgumentException e) {
      throw broken(String.valueOf(e.getMessage()));
    }
  }

  private IOException broken(String why) {
    return new IOException(
        "%s holds no node's identity: %s; put back a copy, or remove it to become a new node"
            .formatted(file, why));
  }
}
