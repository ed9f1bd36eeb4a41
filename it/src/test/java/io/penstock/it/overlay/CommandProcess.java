package io.penstock.it.overlay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// A `penstock` command in a process of its own, as the launcher starts it once it has built the
/// product, or another program with the same class path.
public final class CommandProcess implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(90);

  private final Process process;
  private final Path out;
  private final Path err;

  private CommandProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /// Starts a command.
  ///
  /// @param home of the user who types it; takes its output too
  static CommandProcess start(Path home, Map<String, String> environment, String... words)
      throws IOException {
    return start(home, List.of(), environment, program("io.penstock.cli.Penstock", words));
  }

  /// The last words of a command line that starts a program.
  private static List<String> program(String main, String... words) {
    List<String> program = new ArrayList<>(List.of(main));
    program.addAll(List.of(words));
    return program;
  }

  /// Starts any program.
  ///
  /// @param home takes its output too
  /// @param before what stands before `java`, such as a program that starts it in a namespace
  /// @param program options of `java`, the main class and its arguments
  public static CommandProcess start(
      Path home, List<String> before, Map<String, String> environment, List<String> program)
      throws IOException {
    Path out = Files.createTempFile(home, "out", "");
    Path err = Files.createTempFile(home, "err", "");
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dio.netty.leakDetection.level=disabled",
            "-XX:TieredStopAtLevel=1",
            "-Duser.home=" + home,
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(program);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("XDG_"));
    builder.environment().putAll(environment);
    return new CommandProcess(builder.start(), out, err);
  }

  public Process process() {
    return process;
  }

  public String out() {
    return read(out);
  }

  public String err() {
    return read(err);
  }

  /// What it has written to standard output, to the byte.
  byte[] outBytes() {
    try {
      return Files.readAllBytes(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Waits until it has said something on standard output.
  public void awaitOut(String text) {
    awaitText(text, this::out);
  }

  /// Waits until it has said something on standard error.
  public void awaitErr(String text) {
    awaitText(text, this::err);
  }

  private void awaitText(String text, Supplier<String> said) {
    await(text)
        .atMost(LIMIT)
        .until(
            () -> {
              boolean alive = process.isAlive();
              if (said.get().contains(text)) {
                return true;
              }
              if (!alive) {
                throw new AssertionError("it has ended with: " + out() + err());
              }
              return false;
            });
  }

  /// Types Ctrl-C.
  void interrupt() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  /// Waits for its end; returns its exit code.
  public int awaitEnd() throws InterruptedException {
    if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end; it said: " + out() + err());
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
