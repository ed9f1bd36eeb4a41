package io.penstock.it.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `penstock demo --check` in a process of its own, started as the launcher does once it has built
/// the product.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
class DemoCheckTest {

  private static final long LIMIT_SECONDS = 100;

  private static final List<String> TRIED =
      List.of(
          "Gateway starts",
          "Agent connects",
          "GET a page",
          "Download 100 MiB",
          "Upload 100 MiB",
          "WebSocket echo",
          "Server-sent events",
          "Visitor that aborts",
          "Two nodes ping",
          "Served port",
          "Fallback flow",
          "Manager and tunnel");

  @TempDir private Path directory;

  @Test
  void allThatTheDemoTriesGoesWell() throws Exception {
    Path said = directory.resolve("said");
    Process demo =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dio.netty.leakDetection.level=disabled",
                "-Duser.home=" + directory,
                "-cp",
                System.getProperty("java.class.path"),
                "io.penstock.cli.Penstock",
                "demo",
                "--check")
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      boolean ended = demo.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
      String text = Files.readString(said, UTF_8);

      assertThat(ended).as("it ends within %d s; so far:\n%s", LIMIT_SECONDS, text).isTrue();
      assertThat(demo.exitValue()).as(text).isZero();
      assertThat(text.lines()).hasSize(TRIED.size() + 1).last().isEqualTo("All went well.");
      TRIED.forEach(row -> assertThat(text).contains("✓  " + row + " "));
    } finally {
      demo.destroyForcibly();
    }
  }
}
