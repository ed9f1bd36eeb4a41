package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher in a source tree of its own, with a Maven and a JDK that only write down what they
/// were asked for.
class LauncherTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String MAVEN =
      """
      #!/bin/sh
      echo "$JAVA_HOME $@" >>"$MARKS/maven"
      echo "[INFO] Building Penstock: cli 0.1.0-SNAPSHOT   [8/8]"
      [ ! -e "$MARKS/broken" ] || { echo "[ERROR] it does not compile"; exit 1; }
      mkdir -p cli/target/classes cli/target/lib
      """;
  private static final String JAVA =
      """
      #!/bin/sh
      for word in "$@"; do echo "<$word>"; done
      exit 7
      """;

  @TempDir private Path directory;

  private Path tree;
  private Path marks;

  private record Run(int exitCode, String out, String err) {}

  @BeforeEach
  void makeTree() throws IOException {
    tree = Files.createDirectories(directory.resolve("a tree"));
    marks = Files.createDirectories(directory.resolve("marks"));
    copy("penstock");
    Files.createDirectories(tree.resolve("tools"));
    copy("tools/find-jdk");
    write(tree.resolve("pom.xml"), "");
    for (String module : List.of("protocol", "transport", "api", "node", "gateway", "cli")) {
      write(tree.resolve(module).resolve("pom.xml"), "");
      write(tree.resolve(module).resolve("src/main/java/A.java"), "");
    }
    script(directory.resolve("bin/mvn"), MAVEN);
    script(directory.resolve("jdk/bin/java"), JAVA);
    script(directory.resolve("jdk/bin/javac"), "#!/bin/sh\n");
    write(directory.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
  }

  private void copy(String file) throws IOException {
    script(tree.resolve(file), Files.readString(ROOT.resolve(file)));
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static void script(Path file, String text) throws IOException {
    write(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Run run(Path launcher, String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(args));
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(Path.of("/").toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("PATH", directory.resolve("bin") + ":/usr/bin:/bin");
    builder.environment().put("JAVA_HOME", directory.resolve("jdk").toString());
    builder.environment().put("MARKS", marks.toString());
    builder.environment().remove("PENSTOCK_JAVA_OPTS");
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private long builds() throws IOException {
    Path log = marks.resolve("maven");
    return Files.exists(log) ? Files.readAllLines(log).size() : 0;
  }

  /// Later than any stamp, whatever the resolution of the file system's clock.
  private static void touch(Path path) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.now().plusSeconds(5)));
  }

  @Test
  void itBuildsWithTheJdkThenRunsWithTheArgumentsAndTheExitCode() throws Exception {
    Run run = run(tree.resolve("penstock"), "route", "list", "two words");
    assertThat(run.exitCode()).isEqualTo(7);
    assertThat(run.out())
        .contains(
            "<-cp>\n<" + tree + "/cli/target/classes:" + tree + "/cli/target/lib/*>\n",
            "<io.penstock.cli.Penstock>\n<route>\n<list>\n<two words>\n");
    assertThat(run.err()).contains("building");
    assertThat(Files.readString(marks.resolve("maven")))
        .startsWith(directory.resolve("jdk") + " ")
        .contains("-pl cli -am package");
  }

  @Test
  void itWorksThroughASymbolicLink() throws Exception {
    Path link =
        Files.createSymbolicLink(directory.resolve("bin/penstock"), tree.resolve("penstock"));
    Path second = Files.createSymbolicLink(directory.resolve("p"), Path.of("bin/penstock"));
    assertThat(run(link, "version").out()).contains("<" + tree + "/cli/target/classes:");
    assertThat(run(second, "version").out()).contains("<" + tree + "/cli/target/classes:");
  }

  @Test
  void whatIsUpToDateIsNotBuiltAgain() throws Exception {
    run(tree.resolve("penstock"));
    Run second = run(tree.resolve("penstock"));
    assertThat(builds()).isEqualTo(1);
    assertThat(second.err()).isEmpty();
  }

  @Test
  void aChangedSourceIsBuilt() throws Exception {
    run(tree.resolve("penstock"));
    touch(tree.resolve("node/src/main/java/A.java"));
    run(tree.resolve("penstock"));
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void aRemovedSourceIsBuilt() throws Exception {
    run(tree.resolve("penstock"));
    Files.delete(tree.resolve("api/src/main/java/A.java"));
    touch(tree.resolve("api/src/main/java"));
    run(tree.resolve("penstock"));
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void aBuildThatFailsIsShownAndTriedAgain() throws Exception {
    write(marks.resolve("broken"), "");
    Run failed = run(tree.resolve("penstock"));
    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.out()).isEmpty();
    assertThat(failed.err()).contains("[ERROR] it does not compile", "target/build.log");
    Files.delete(marks.resolve("broken"));
    assertThat(run(tree.resolve("penstock")).exitCode()).isEqualTo(7);
  }

  @Test
  void shortCommandsStartFastAndServersGetTheDefaults() throws Exception {
    assertThat(run(tree.resolve("penstock"), "token", "list").out()).contains("TieredStopAtLevel");
    assertThat(run(tree.resolve("penstock"), "gateway").out()).doesNotContain("TieredStopAtLevel");
  }
}
