package io.penstock.node.tunnel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/// An API token in a file, read each time that it is asked for, so that it can be replaced.
///
/// @param file whose text is the token, spaces around it aside
public record TokenFile(Path file) implements Supplier<String> {

  /// @throws UncheckedIOException when the file cannot be read, with its name
  @Override
  public String get() {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the token in " + file, e);
    }
  }
}
