package io.penstock.it.bench;

import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Measures the TCP/IP stack against itself, in memory and on one thread: how fast a stream is, how
/// many connections are opened and closed, and what an idle one holds.
final class StackBenchmark {

  private static final long START_SECONDS = 60;
  private static final double WARM_UP_SECONDS = 4;

  /// Connections are opened and closed for half as long as a stream runs.
  private static final double CHURN_SHARE = 0.5;

  /// Connections before the count begins, for what the first one alone costs.
  private static final int IDLE_BEFORE = 1_000;

  private static final int IDLE = 20_000;

  private final BenchmarkOptions options;
  private final Path directory;
  private final PrintStream out;
  private final Samples samples;

  /// A stream with packets of one size, and its figures.
  private record Stream(int mtuBytes, Figure rate, Figure processor) {}

  private static final List<Stream> STREAMS =
      List.of(
          new Stream(1500, Figure.STREAM_1500, Figure.STREAM_1500_PROCESSOR),
          new Stream(1280, Figure.STREAM_1280, Figure.STREAM_1280_PROCESSOR),
          new Stream(65_535, Figure.STREAM_65535, Figure.STREAM_65535_PROCESSOR));

  StackBenchmark(BenchmarkOptions options, Path directory, PrintStream out) {
    this.options = options;
    this.directory = directory;
    this.out = out;
    samples = new Samples(out);
  }

  void run() throws IOException, InterruptedException {
    double seconds = options.stackSeconds() / options.rounds();
    measureStreams(seconds);
    for (Way way : List.of(Way.ENGINE, Way.CHANNELS)) {
      measureChurn(way, seconds * CHURN_SHARE);
      measureIdle(way);
    }
    out.println();
    out.print(new Report(samples).text());
  }

  /// Each size has a process of its own, so that what the compiler has learnt of one is not in
  /// another's way.
  private void measureStreams(double seconds) throws IOException, InterruptedException {
    for (Stream stream : STREAMS) {
      try (Child pair = start("stream-" + stream.mtuBytes)) {
        String question = "stream " + stream.mtuBytes + " ";
        ask(pair, question + WARM_UP_SECONDS, "gbit", WARM_UP_SECONDS);
        for (int round = 1; round <= options.rounds(); round++) {
          double before = pair.processorSeconds();
          double gbit = ask(pair, question + seconds, "gbit", seconds);
          double gigabytes = gbit * seconds / 8;
          samples.add(round, stream.rate, Way.ENGINE, gbit);
          samples.add(
              round, stream.processor, Way.ENGINE, (pair.processorSeconds() - before) / gigabytes);
        }
      }
    }
  }

  private void measureChurn(Way way, double seconds) throws IOException, InterruptedException {
    try (Child pair = start("churn-" + way.label())) {
      String question = "churn " + way.label() + " ";
      ask(pair, question + WARM_UP_SECONDS, "per_second", WARM_UP_SECONDS);
      for (int round = 1; round <= options.rounds(); round++) {
        double before = pair.processorSeconds();
        double rate = ask(pair, question + seconds, "per_second", seconds);
        double micros = (pair.processorSeconds() - before) * 1e6 / (rate * seconds);
        samples.add(round, Figure.CHURN, way, rate);
        samples.add(round, Figure.CHURN_PROCESSOR, way, micros);
      }
    }
  }

  private void measureIdle(Way way) throws IOException, InterruptedException {
    try (Child pair = start("idle-" + way.label())) {
      String question = "idle " + way.label() + " ";
      ask(pair, question + IDLE_BEFORE, "open", START_SECONDS);
      double before = pair.heapBytes(START_SECONDS);
      ask(pair, question + IDLE, "open", START_SECONDS);
      double with = pair.heapBytes(START_SECONDS);
      samples.add(1, Figure.ENDPOINT_KIB, way, (with - before) / 1024 / (2.0 * IDLE));
    }
  }

  private Child start(String name) throws IOException, InterruptedException {
    Child pair = Child.startJava(directory, name, StackPairProgram.class, List.of());
    pair.next("ready", START_SECONDS);
    return pair;
  }

  private static double ask(Child pair, String question, String key, double seconds)
      throws IOException, InterruptedException {
    pair.say(question);
    JsonNode said = pair.next(key, (long) seconds + START_SECONDS);
    return said.get(key).asDouble();
  }
}
