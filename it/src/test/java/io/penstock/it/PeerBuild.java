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

/// Builds the programs of one folder of `it/peers` once per run and starts them.
///
/// Where the tool that builds them is not on the path the calling test is skipped, unless
/// `-Dpenstock.interop.required=true`, when it fails.
final class PeerBuild {

  private static final String REQUIRED = "penstock.interop.required";
  private static final Path PROGRAMS = Path.of("target", "peers");
  private static final long BUILD_LIMIT_MINUTES = 15;

  private final String folder;
  private final String tool;
  private boolean built;

  /// @param folder below `it/peers`, with a `build` of its own
  /// @param tool what that needs on the path
  PeerBuild(String folder, String tool) {
    this.folder = folder;
    this.tool = tool;
  }

  PeerProgram start(String program, String... arguments) throws IOException {
    build();
    List<String> command = new ArrayList<>();
    command.add(PROGRAMS.resolve(program).toAbsolutePath().toString());
    command.add("-exit-with-stdin");
    command.addAll(List.of(arguments));
    return new PeerProgram(program, new ProcessBuilder(command).start());
  }

  /// Builds them, unless that is done.
  synchronized void build() throws IOException {
    if (built) {
      return;
    }
    if (!isOnPath(tool)) {
      String message = "no %s on the path: the peers of %s cannot be built".formatted(tool, folder);
      if (Boolean.getBoolean(REQUIRED)) {
        fail(message);
      }
      Assumptions.abort(message);
    }
    Path log = Files.createTempFile("peers", ".log");
    Process build =
        new ProcessBuilder(
                Path.of("peers", folder, "build").toAbsolutePath().toString(),
                PROGRAMS.toAbsolutePath().toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (!build.waitFor(BUILD_LIMIT_MINUTES, TimeUnit.MINUTES) || build.exitValue() != 0) {
        fail("the peers of %s did not build:\n%s".formatted(folder, Files.readString(log)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while peers were built", e);
    } finally {
      build.destroyForcibly();
      Files.delete(log);
    }
    built = true;
  }

  private static boolean isOnPath(String program) {
    String path = System.getenv("PATH");
    if (path == null) {
      return false;
    }
    for (String directory : path.split(File.pathSeparator, -1)) {
      if (Files.isExecutable(Path.of(directory, program))) {
        return true;
      }
    }
    return false;
  }
}
