package io.penstock.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// One run of the command in-process: what it is given, what it printed, how it ended.
final class CommandRun {

  private final Path home;
  private final Map<String, String> environment = new HashMap<>();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private InputStream in = InputStream.nullInputStream();

  CommandRun(Path home) {
    this.home = home;
  }

  CommandRun variable(String name, String value) {
    environment.put(name, value);
    return this;
  }

  CommandRun input(String text) {
    return input(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  CommandRun input(InputStream stream) {
    in = stream;
    return this;
  }

  int run(String... args) {
    return Penstock.run(console(), args);
  }

  Console console() {
    return new Console(
        new PrintWriter(out, true),
        new PrintWriter(err, true),
        bytes,
        in,
        Map.copyOf(environment),
        home,
        false);
  }

  String out() {
    return out.toString();
  }

  /// What came out that is no text.
  byte[] bytes() {
    return bytes.toByteArray();
  }

  String err() {
    return err.toString();
  }
}
