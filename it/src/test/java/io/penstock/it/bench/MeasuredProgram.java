package io.penstock.it.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/// The other side of [Child], for programs in Java: says JSON lines on standard output, logs on
/// standard error, answers `memory`, and runs until its input ends.
final class MeasuredProgram {

  /// Collections before a heap is measured: the first may leave what waits for a reference queue.
  private static final int COLLECTIONS = 3;

  private final PrintStream out;
  private final JsonMapper json = new JsonMapper();

  private MeasuredProgram(PrintStream out) {
    this.out = out;
  }

  /// To be called before anything logs.
  static MeasuredProgram begin() {
    PrintStream out = System.out;
    System.setOut(System.err);
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.INFO);
    return new MeasuredProgram(out);
  }

  void say(Map<String, ?> line) {
    out.println(json.writeValueAsString(line));
    out.flush();
  }

  /// Answers one question, given in words.
  interface Answerer {
    Map<String, ?> answer(String[] words) throws Exception;
  }

  /// Answers questions until there are no more.
  void serve() throws IOException {
    try {
      serve(
          words -> {
            throw new IOException("unknown question " + words[0]);
          });
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  /// The same, with questions of its own.
  void serve(Answerer answerer) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.equals("memory")) {
        say(Map.of("heap_bytes", usedHeapBytes()));
      } else {
        say(answerer.answer(line.split(" ", -1)));
      }
    }
  }

  private static long usedHeapBytes() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
