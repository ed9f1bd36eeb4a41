package io.penstock.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A running program of `it/peers` that talks in lines of JSON; closing it ends it.
public final class PeerProgram implements AutoCloseable {

  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration START_LIMIT = Duration.ofSeconds(20);
  private static final int LOG_LINES = 50;

  private final String program;
  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> log = new CopyOnWriteArrayList<>();

  PeerProgram(String program, Process process) {
    this.program = program;
    this.process = process;
    follow(process.getInputStream(), lines::add);
    follow(
        process.getErrorStream(),
        line -> {
          if (log.size() < LOG_LINES) {
            log.add(line);
          }
        });
  }

  private static void follow(InputStream stream, Consumer<String> each) {
    Thread.ofVirtual()
        .start(
            () -> {
              try (var in =
                  new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                in.lines().forEach(each);
              } catch (IOException | UncheckedIOException _) {
                // The program has ended, which the reader of its lines notices.
              }
            });
  }

  /// Waits for the first line, which says that the program is ready.
  public JsonNode ready() throws Exception {
    return nextLine(START_LIMIT);
  }

  /// Waits for the next line.
  ///
  /// @throws TimeoutException with what the program has logged, if none comes in time
  public JsonNode nextLine(Duration limit) throws Exception {
    return line(_ -> true, limit);
  }

  /// Waits for a line that `wanted` accepts, and drops the others before it.
  ///
  /// @throws TimeoutException with what the program has logged, if none comes in time
  public JsonNode line(Predicate<JsonNode> wanted, Duration limit) throws Exception {
    long end = System.nanoTime() + limit.toNanos();
    while (true) {
      String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        String state = process.isAlive() ? "runs" : "exited with " + process.exitValue();
        throw new TimeoutException(
            "no line from %s, which %s and logged %s".formatted(program, state, log));
      }
      JsonNode node = JSON.readTree(line);
      if (wanted.test(node)) {
        return node;
      }
    }
  }

  /// Waits until the program has ended by itself and returns its exit code.
  public int exitCode(Duration limit) throws Exception {
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new TimeoutException(program + " still runs and logged " + log);
    }
    return process.exitValue();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /// The process id, for measurements.
  public long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
