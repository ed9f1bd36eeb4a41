package io.penstock.node.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The right to be the only one who uses a directory; ends with the process at the latest.
public final class DirectoryLock implements AutoCloseable {

  private final @Nullable FileChannel file;

  private DirectoryLock(@Nullable FileChannel file) {
    this.file = file;
  }

  /// Takes the lock of a directory that exists.
  ///
  /// @return empty when another process, or something else in this one, has it
  public static Optional<DirectoryLock> take(Path directory) throws IOException {
    FileChannel file =
        FileChannel.open(
            directory.resolve("lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      @Nullable FileLock lock = file.tryLock();
      if (lock != null) {
        return Optional.of(new DirectoryLock(file));
      }
    } catch (OverlappingFileLockException _) {
      // Something else in this process has it.
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    file.close();
    return Optional.empty();
  }

  /// Nothing to lock.
  public static DirectoryLock none() {
    return new DirectoryLock(null);
  }

  @Override
  public void close() {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
