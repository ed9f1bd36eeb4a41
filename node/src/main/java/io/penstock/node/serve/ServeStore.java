package io.penstock.node.serve;

import io.penstock.node.store.OwnerFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

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
    byte[] json = config.withoutForegrounds().toIndentedJson().getBytes(StandardCharsets.UTF_8);
    try {
      new OwnerFile(file).write(json);
    } catch (IOException e) {
      throw new ServeException(
          ServeException.Reason.STORAGE,
          "cannot store the serve config in %s: %s".formatted(file, e.getMessage()),
          e);
    }
  }

  /// Says where what could not be served is kept.
  ServeException notServed(ServeException why) {
    return new ServeException(
        why.reason(), "%s cannot be served: %s".formatted(file, why.getMessage()), why);
  }
}
