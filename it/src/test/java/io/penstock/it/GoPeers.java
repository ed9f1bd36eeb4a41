package io.penstock.it;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// Builds the Go programs of `it/peers/go` once per run and starts them.
///
/// Where there is no `go` on the path the calling test is skipped, unless
/// `-Dpenstock.interop.required=true`, when it fails.
public final class GoPeers {

  private static final String REQUIRED = "penstock.interop.required";
  private static final Path SOURCES = Path.of("peers", "go");
  private static final Path PROGRAMS = Path.of("target", "peers");
  private static final long BUILD_LIMIT_MINUTES = 5;

  private static boolean built;

  private GoPeers() {}

  /// Starts a program; it ends by itself when this JVM does.
  ///
  /// @param program one of those that `it/peers/go/README.md` lists
  /// @param arguments its flags and their values
  public static GoPeer start(String program, String... arguments) throws IOException {
    build();
    List<String> command = new ArrayList<>();
    command.add(PROGRAMS.resolve(program).toAbsolutePath().toString());
    command.add("-exit-with-stdin");
    command.addAll(List.of(arguments));
    return new GoPeer(program, new ProcessBuilder(command).start());
  }

  private static synchronized void build() throws IOException {
    if (built) {
      return;
    }
    if (!isGoOnPath()) {
      String message = "no go on the path: the Go peers cannot be built";
      if (Boolean.getBoolean(REQUIRED)) {
        fail(message);
      }
      Assumptions.abort(message);
    }
    Path log = Files.createTempFile("go-peers", ".log");
    Process build =
        new ProcessBuilder(
                SOURCES.resolve("build").toAbsolutePath().toString(),
                PROGRAMS.toAbsolutePath().toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (!build.waitFor(BUILD_LIMIT_MINUTES, TimeUnit.MINUTES) || build.exitValue() != 0) {
        fail("the Go peers did not build:\n" + Files.readString(log));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the Go peers were built", e);
    } finally {
      build.destroyForcibly();
      Files.delete(log);
    }
    built = true;
  }

  private static boolean isGoOnPath() {
    String path = System.getenv("PATH");
    if (path == null) {
      return false;
    }
    for (String directory : path.split(File.pathSeparator, -1)) {
      if (Files.isExecutable(Path.of(directory, "go"))) {
        return true;
      }
    }
    return false;
  }
}
