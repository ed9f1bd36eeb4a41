package io.penstock.it.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// The agent as an embedder on a module path gets it: a module that requires ours is compiled and
/// run against the modules of this build, and serves a visitor through a real gateway.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class ModulePathTest {

  private static final long END_SECONDS = 30;

  /// What an agent needs; the rest of the class path belongs to the gateway and to the tests.
  private static final List<String> WANTED =
      List.of(
          "io.penstock.",
          "io.netty.",
          "com.google.protobuf",
          "org.bouncycastle.",
          "tools.jackson.",
          "com.fasterxml.jackson.",
          "org.slf4j",
          "org.jspecify");

  /// Makes certificates for tests, and wants a library that no agent needs.
  private static final String TEST_ONLY = "io.netty.pkitesting";

  @TempDir private Path data;
  @TempDir private Path classes;
  @TempDir private Path logs;

  private final String modulePath =
      Arrays.stream(System.getProperty("java.class.path", "").split(File.pathSeparator, -1))
          .filter(ModulePathTest::isWanted)
          .collect(Collectors.joining(File.pathSeparator));

  private TestGateway gateway;
  private String route;

  @BeforeEach
  void start() throws Exception {
    gateway = TestGateway.start(data);
    route = gateway.newRoute();
    compile();
  }

  @AfterEach
  void stop() {
    if (gateway != null) {
      gateway.close();
    }
  }

  @Test
  void with_every_module_of_the_path_all_native_parts_are_active() throws Exception {
    assertThat(serve("--add-modules", "ALL-MODULE-PATH"))
        .isEqualTo("module=io.penstock.node epoll=true openssl=true quic=true");
  }

  @Test
  void without_the_modules_that_nobody_requires_it_works_in_pure_java() throws Exception {
    assertThat(serve()).isEqualTo("module=io.penstock.node epoll=false openssl=false quic=false");
  }

  /// Serves one visitor and returns what the program says of itself.
  private String serve(String... options) throws Exception {
    Path log = logs.resolve("embedder.log");
    Process embedder = new ProcessBuilder(command(options)).redirectError(log.toFile()).start();
    try (BufferedReader said = embedder.inputReader(StandardCharsets.UTF_8)) {
      String parts = said.readLine();
      assertThat(said.readLine()).as(() -> read(log)).isNotNull().contains("http://" + route + ":");
      RawVisit visit = RawVisit.get(gateway.http(), route, "/download?bytes=100000");
      assertThat(visit.status()).isEqualTo(200);
      assertThat(visit.body().length()).isGreaterThanOrEqualTo(100_000);
      embedder.getOutputStream().close();
      assertThat(embedder.waitFor(END_SECONDS, TimeUnit.SECONDS)).as(() -> read(log)).isTrue();
      assertThat(embedder.exitValue()).as(() -> read(log)).isZero();
      return parts;
    } finally {
      embedder.destroyForcibly();
    }
  }

  private List<String> command(String... options) {
    InetSocketAddress tunnel = gateway.addresses().tunnel();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED,io.netty.common");
    command.addAll(List.of("--module-path", modulePath + File.pathSeparator + classes));
    command.addAll(List.of(options));
    command.addAll(List.of("--module", "embedder/embedder.Main"));
    command.add(tunnel.getAddress().getHostAddress());
    command.add(String.valueOf(tunnel.getPort()));
    command.addAll(List.of(gateway.ca().toString(), gateway.secret(), route));
    return command;
  }

  private void compile() throws URISyntaxException {
    Path sources = Path.of(ModulePathTest.class.getResource("/embedder/module-info.java").toURI());
    int errors =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "--module-path",
                modulePath,
                "-d",
                classes.toString(),
                sources.toString(),
                sources.resolveSibling("embedder/Main.java").toString());
    assertThat(errors).as("errors of the compiler, on the standard error").isZero();
  }

  private static boolean isWanted(String entry) {
    try {
      return ModuleFinder.of(Path.of(entry)).findAll().stream()
          .map(module -> module.descriptor().name())
          .anyMatch(name -> !name.equals(TEST_ONLY) && WANTED.stream().anyMatch(name::startsWith));
    } catch (FindException _) {
      return false;
    }
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
