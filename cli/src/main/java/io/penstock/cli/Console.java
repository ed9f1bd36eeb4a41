package io.penstock.cli;

import io.penstock.api.Json;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// What a command finds around it: its streams, its environment and the home directory.
///
/// @param out takes results
/// @param err takes warnings, errors and progress
/// @param bytes standard output for what is no text
/// @param in standard input
/// @param environment the variables of the process
/// @param home the user's home directory
/// @param interactive whether a person looks at standard output
record Console(
    PrintWriter out,
    PrintWriter err,
    OutputStream bytes,
    InputStream in,
    Map<String, String> environment,
    Path home,
    boolean interactive) {

  /// The console of this process.
  @SuppressWarnings("SystemConsoleNull") // The JDK's own kind of console is still null without one.
  static Console ofProcess() {
    java.io.Console terminal = System.console();
    return new Console(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        System.out,
        System.in,
        System.getenv(),
        Path.of(System.getProperty("user.home")),
        terminal != null && terminal.isTerminal());
  }

  /// A variable that is set and not empty.
  Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  /// Prints a result for programs.
  void json(Object value) {
    out.println(Json.writeText(value));
  }

  /// Tells what the user should know though the command goes on.
  void warn(String text) {
    err.println("penstock: warning: " + text);
  }
}
