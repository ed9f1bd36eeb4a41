package io.penstock.cli;

import java.io.ByteArrayInputStream;
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
  private String in = "";

  CommandRun(Path home) {
    this.home = home;
  }

  CommandRun variable(String name, String value) {
    environment.put(name, value);
    return this;
  }

  CommandRun input(String text) {
    in = text;
    return this;
  }

  int run(String... args) {
    return Penstock.run(console(), args);
  }

  Console console() {
    return new Console(
        new PrintWriter(out, true),
        new PrintWriter(err, true),
        new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
        Map.copyOf(environment),
        home,
        false);
  }

  String out() {
    return out.toString();
  }

  String err() {
    return err.toString();
  }
}
