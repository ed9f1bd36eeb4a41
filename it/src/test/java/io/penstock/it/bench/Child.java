package io.penstock.it.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A measured or measuring program: a process that says what it has to say in JSON lines on its
/// standard output, and ends with its standard input.
///
/// Its log goes to a file. Not safe for use by several threads.
final class Child implements AutoCloseable {

  private static final JsonMapper JSON = new JsonMapper();
  private static final long END_SECONDS = 5;
  private static final double NANOS_PER_SECOND = 1e9;

  /// Takes the place of a line after the last one.
  private static final String NO_MORE = "";

  private final String name;
  private final Process process;
  private final Path log;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private Child(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
    Thread.ofVirtual().start(this::read);
  }

  /// Starts a program whose log is to be `logs/name.log`.
  static Child start(Path logs, String name, List<String> command) throws IOException {
    try {
      return start(logs, name, command, ProcessBuilder::start);
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /// How a program is started, and with that where.
  interface Place {
    Process start(ProcessBuilder program) throws Exception;
  }

  /// The same at a place.
  static Child start(Path logs, String name, List<String> command, Place place) throws Exception {
    Path log = logs.resolve(name + ".log");
    Process process = place.start(new ProcessBuilder(command).redirectError(log.toFile()));
    return new Child(name, process, log);
  }

  /// Starts a Java program on our own class path, with the options that `penstock` gives its JVM.
  static Child startJava(Path logs, String name, Class<?> main, List<String> arguments)
      throws IOException {
    return startJava(logs, name, List.of(), main, arguments);
  }

  /// The same with options for its JVM besides those.
  static Child startJava(
      Path logs, String name, List<String> options, Class<?> main, List<String> arguments)
      throws IOException {
    return start(logs, name, javaCommand(name, options, main, arguments));
  }

  /// How a Java program is started that way.
  static List<String> javaCommand(
      String name, List<String> options, Class<?> main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-Dio.netty.leakDetection.level=disabled");
    String more = System.getProperty("penstock.bench.java." + name, "");
    command.addAll(List.of(more.split(" ")).stream().filter(word -> !word.isEmpty()).toList());
    command.addAll(options);
    command.add("-cp");
    command.add(System.getProperty("java.class.path", ""));
    command.add(main.getName());
    command.addAll(arguments);
    return command;
  }

  private void read() {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        lines.add(line);
      }
    } catch (IOException _) {
      // It was closed from this side.
    } finally {
      lines.add(NO_MORE);
    }
  }

  /// The next line that it says.
  ///
  /// @throws IOException when it says nothing more, or nothing for this long
  JsonNode next(long seconds) throws IOException, InterruptedException {
    String line = lines.poll(seconds, TimeUnit.SECONDS);
    if (line == null || line.equals(NO_MORE)) {
      String said = Files.readString(log);
      throw new IOException(
          "%s said nothing%s; the end of its log:%n%s"
              .formatted(
                  name,
                  line == null ? " for " + seconds + " s" : " more",
                  said.substring(Math.max(0, said.length() - 2000))));
    }
    return JSON.readTree(line);
  }

  /// The next line that has this key; those before it are dropped.
  JsonNode next(String key, long seconds) throws IOException, InterruptedException {
    JsonNode line = next(seconds);
    while (!line.has(key)) {
      line = next(seconds);
    }
    return line;
  }

  /// Asks one thing on its standard input.
  void say(String line) throws IOException {
    Writer out = process.outputWriter(StandardCharsets.UTF_8);
    out.write(line + "\n");
    out.flush();
  }

  /// The memory of the process that is in RAM.
  long residentBytes() throws IOException {
    for (String line :
        Files.readAllLines(Path.of("/proc", String.valueOf(process.pid()), "status"))) {
      if (line.startsWith("VmRSS:")) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException(name + " has ended");
  }

  /// The processor time that it has used so far.
  double processorSeconds() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / NANOS_PER_SECOND;
  }

  /// Asks a program of ours for its used heap after a full collection.
  long heapBytes(long limitSeconds) throws IOException, InterruptedException {
    say("memory");
    return next("heap_bytes", limitSeconds).get("heap_bytes").asLong();
  }

  /// Ends the process: by the end of its input, then by a signal, then for certain.
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
    } catch (IOException _) {
      // It has ended already.
    }
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
