package io.penstock.node.vpn.os;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A program of the system, run by its arguments and never through a shell, with a limit on its
/// time and on what it may say.
///
/// @param path of the executable file
record Command(Path path) {

  /// Each asks the kernel or a local service for one small thing.
  static final Duration LIMIT = Duration.ofSeconds(20);

  private static final int MAX_OUTPUT_BYTES = 1 << 20;

  /// Where system programs are, also for a service with a short `PATH`.
  private static final List<String> PLACES = List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin");

  /// What a program said and how it ended.
  record Result(int status, String output) {
    boolean isSuccess() {
      return status == 0;
    }
  }

  /// Looks for a program on the path, then where system programs are.
  static Optional<Command> find(String name) {
    return Stream.concat(
            Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1)), PLACES.stream())
        .filter(place -> place.startsWith("/"))
        .map(place -> Path.of(place, name))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Command::new);
  }

  /// Runs it to its end, in the namespaces of the calling thread.
  ///
  /// @throws IOException when it cannot be started or takes too long
  Result run(List<String> arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of(path.toString()));
    words.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      CompletableFuture<String> output = new CompletableFuture<>();
      Thread.ofVirtual().start(() -> read(process.getInputStream(), output));
      if (!process.waitFor(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new IOException("%s did not end within %s".formatted(shown(arguments), LIMIT));
      }
      return new Result(process.exitValue(), output.join());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(shown(arguments) + " was interrupted");
    } finally {
      process.destroyForcibly();
    }
  }

  private static void read(InputStream in, CompletableFuture<String> output) {
    try (in) {
      output.complete(new String(in.readNBytes(MAX_OUTPUT_BYTES), StandardCharsets.UTF_8));
    } catch (IOException e) {
      output.completeExceptionally(new UncheckedIOException(e));
    }
  }

  /// Runs it and returns what it said.
  ///
  /// @throws IOException when it did not succeed, with what it said
  String require(List<String> arguments) throws IOException {
    Result result = run(arguments);
    if (!result.isSuccess()) {
      throw new IOException(
          "\"%s\" failed: %s".formatted(shown(arguments), result.output().strip()));
    }
    return result.output();
  }

  private String shown(List<String> arguments) {
    return path.getFileName() + " " + String.join(" ", arguments);
  }
}
