package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The script that the launcher asks for a JDK, run against directories that look like JDKs.
class FindJdkTest {

  private static final Path SCRIPT =
      Path.of("..", "tools", "find-jdk").toAbsolutePath().normalize();

  @TempDir private Path directory;

  private record Found(int exitCode, String out, String err) {}

  private Path jdk(String name, String version) throws IOException {
    Path home = directory.resolve(name);
    Path javac = Files.createDirectories(home.resolve("bin")).resolve("javac");
    Files.writeString(javac, "#!/bin/sh\n");
    assertThat(javac.toFile().setExecutable(true)).isTrue();
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  /// Runs the script with nothing on the path but what it needs, and `homes` as the usual places.
  private Found find(String javaHome, String homes) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder("bash", SCRIPT.toString());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    builder.environment().put("HOME", directory.toString());
    builder.environment().put("JAVA_HOME", javaHome);
    builder.environment().put("PENSTOCK_JDKS", homes);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return new Found(process.exitValue(), out.strip(), err.strip());
  }

  @Test
  void javaHomeWinsIfItIsOne() throws Exception {
    Path mine = jdk("mine", "25.0.3");
    Path other = jdk("other", "25");
    assertThat(find(mine.toString(), other.toString()))
        .isEqualTo(new Found(0, mine.toString(), ""));
  }

  @Test
  void javaHomeOfAnotherVersionIsPassedOver() throws Exception {
    Path old = jdk("old", "17.0.1");
    Path right = jdk("right", "25");
    assertThat(find(old.toString(), old + ":" + right))
        .isEqualTo(new Found(0, right.toString(), ""));
  }

  @Test
  void aVersionThatOnlyStartsWith25IsNotOne() throws Exception {
    Path odd = jdk("odd", "250.1");
    assertThat(find("", odd.toString()).exitCode()).isEqualTo(1);
  }

  @Test
  void aRuntimeWithoutCompilerIsNotOne() throws Exception {
    Path runtime = jdk("runtime", "25");
    Files.delete(runtime.resolve("bin/javac"));
    assertThat(find("", runtime.toString()).exitCode()).isEqualTo(1);
  }

  @Test
  void withoutOneItSaysInOneLineWhatToInstall() throws Exception {
    Found found = find("", directory.resolve("empty").toString());
    assertThat(found.exitCode()).isEqualTo(1);
    assertThat(found.out()).isEmpty();
    assertThat(found.err().lines()).singleElement().asString().contains("install", "JAVA_HOME");
  }
}
