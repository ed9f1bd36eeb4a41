package io.penstock.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/// Golden bytes of a file among the resources of a test: in each line a name and bytes in
/// hexadecimal, with blanks anywhere; lines that begin with `#` say where they come from.
public final class GoldenVectors {

  private final List<String> lines;

  private GoldenVectors(List<String> lines) {
    this.lines = lines;
  }

  /// Reads a file such as `/vectors/smux-frames.txt`.
  public static GoldenVectors read(String resource) {
    var in = Objects.requireNonNull(GoldenVectors.class.getResourceAsStream(resource), resource);
    try (var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return new GoldenVectors(
          lines.lines().filter(line -> !line.startsWith("#") && !line.isBlank()).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The names, in the order of the file.
  public List<String> names() {
    return lines.stream().map(line -> line.substring(0, line.indexOf(' '))).toList();
  }

  /// The bytes of that name.
  public byte[] bytes(String name) {
    String line =
        lines.stream()
            .filter(one -> one.startsWith(name + " "))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no vector " + name));
    return HexFormat.of().parseHex(line.substring(name.length()).replace(" ", ""));
  }
}
