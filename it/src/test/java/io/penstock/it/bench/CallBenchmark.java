package io.penstock.it.bench;

import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// Measures how long a call takes from a codervpn manager to a tunnel and back over a Unix socket:
/// both ends ours, both the Go original's, and each of ours with one of theirs. Every end is a
/// process of its own.
final class CallBenchmark implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final int WARM_UPS = 3;

  /// Some seconds on a busy machine.
  private static final int CALLS = 20_000;

  private final BenchmarkOptions options;
  private final Path directory;
  private final PrintStream out;
  private final Samples samples;
  private final Path ourTunnel;
  private final Path theirTunnel;
  private final Child tunnel;
  private final Child manager;

  CallBenchmark(BenchmarkOptions options, Path directory, PrintStream out)
      throws IOException, InterruptedException {
    this.options = options;
    this.directory = directory;
    this.out = out;
    this.samples = new Samples(out);
    Path sockets = Files.createTempDirectory("codervpn");
    this.ourTunnel = sockets.resolve("ours");
    this.theirTunnel = sockets.resolve("theirs");
    this.tunnel = ours("codervpn-tunnel", ourTunnel);
    this.manager = ours("codervpn-manager", sockets.resolve("unused"));
  }

  private Child ours(String name, Path socket) throws IOException, InterruptedException {
    Child child = Child.startJava(directory, name, CallProgram.class, List.of(socket.toString()));
    child.next("ready", START_SECONDS);
    return child;
  }

  private Child theirs(String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(options.peers().resolve(program + "-current").toString());
    command.addAll(List.of("-exit-with-stdin", "-max-seconds", "600"));
    command.addAll(List.of(arguments));
    return Child.start(directory, program + "-go", command);
  }

  void run() throws IOException, InterruptedException {
    for (int i = 0; i < WARM_UPS; i++) {
      JsonNode said = fromOurs(ourTunnel);
      out.printf(
          Locale.ROOT, "warming up penstock: %.0f µs per call%n", said.get("p50_us").asDouble());
    }
    for (int round = 1; round <= options.rounds(); round++) {
      add(round, Way.PENSTOCK, fromOurs(ourTunnel));
      add(round, Way.FROM_GO, fromTheirs(ourTunnel));
      try (Child _ = theirTunnel()) {
        add(round, Way.TO_GO, fromOurs(theirTunnel));
      }
      try (Child _ = theirTunnel()) {
        add(round, Way.GO, fromTheirs(theirTunnel));
      }
    }
    out.println();
    out.print(new Report(samples).text());
  }

  private Child theirTunnel() throws IOException, InterruptedException {
    Child child = theirs("codervpn-tunnel", "-listen", theirTunnel.toString());
    child.next("listening", START_SECONDS);
    return child;
  }

  private JsonNode fromOurs(Path to) throws IOException, InterruptedException {
    manager.say("calls " + to + " " + CALLS);
    return manager.next("p50_us", START_SECONDS);
  }

  private JsonNode fromTheirs(Path to) throws IOException, InterruptedException {
    try (Child child =
        theirs(
            "codervpn-manager",
            "-dial",
            to.toString(),
            "start=https://a.test,token",
            "calls=" + CALLS)) {
      return child.next("p50_us", START_SECONDS);
    }
  }

  private void add(int round, Way way, JsonNode said) {
    samples.add(round, Figure.CALL_P50, way, said.get("p50_us").asDouble());
    samples.add(round, Figure.CALL_P99, way, said.get("p99_us").asDouble());
  }

  @Override
  public void close() throws IOException {
    tunnel.close();
    manager.close();
    for (String name : List.of("ours", "unused", "theirs")) {
      Files.deleteIfExists(ourTunnel.resolveSibling(name));
    }
    Files.deleteIfExists(ourTunnel.getParent());
  }
}
