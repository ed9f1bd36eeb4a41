package io.penstock.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Reads a secret from a file, standard input, a variable or, with a warning, a flag.
final class Secrets {

  /// Names standard input where a file is expected.
  static final Path STDIN = Path.of("-");

  /// Far longer than any token; a larger file is something else.
  private static final int MAX_BYTES = 16 << 10;

  private final Console console;

  Secrets(Console console) {
    this.console = console;
  }

  /// Takes a secret that was given as a flag.
  String fromFlag(String secret, String flag, String instead) {
    console.warn(
        "a secret in "
            + flag
            + " is visible in the process list and the shell's history; use "
            + instead);
    return require(secret, flag);
  }

  String fromFile(Path file) throws IOException {
    if (file.equals(STDIN)) {
      return require(text(console.in(), "standard input"), "standard input");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return require(text(in, file.toString()), file.toString());
    }
  }

  Optional<String> fromVariable(String name) {
    return console.variable(name).map(secret -> require(secret, name));
  }

  private static String text(InputStream in, String source) throws IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw new IOException(source + " is too large to be a token");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /// A token is one word of visible ASCII; anything else would not survive an HTTP header.
  private static String require(String text, String source) {
    String secret = text.strip();
    if (secret.isEmpty() || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new Failure(
          source + " holds no token: one word of visible ASCII is expected",
          "penstock token create --help, on the gateway");
    }
    return secret;
  }
}
