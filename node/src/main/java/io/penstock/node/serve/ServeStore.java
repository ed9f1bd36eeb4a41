package io.penstock.node.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// The file that keeps a serve config over a restart: whole or not at all, on the disk before the
/// config counts as set.
///
/// Blocks of control connections are not kept, as those end with the process.
final class ServeStore {

  private final Path file;

  ServeStore(Path file) {
    this.file = file;
  }

  ServeConfig load() throws ServeException {
    try {
      return ServeConfig.parse(Files.readAllBytes(file)).withoutForegrounds();
    } catch (NoSuchFileException _) {
      return ServeConfig.EMPTY;
    } catch (IOException e) {
      throw new ServeException(
          ServeException.Reason.STORAGE, "cannot read the serve config from " + file, e);
    }
  }

  void save(ServeConfig config) throws ServeException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    byte[] json = config.withoutForegrounds().toIndentedJson().getBytes(StandardCharsets.UTF_8);
    try {
      try (FileChannel out =
          FileChannel.open(
              next,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(json);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel directory =
          FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (IOException e) {
      throw new ServeException(
          ServeException.Reason.STORAGE,
          "cannot store the serve config in %s: %s".formatted(file, e.getMessage()),
          e);
    }
  }
}
