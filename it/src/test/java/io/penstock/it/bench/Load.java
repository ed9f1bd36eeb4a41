package io.penstock.it.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// The load generator: one run of the Go program `load` for each figure.
final class Load {

  private static final int SLACK_SECONDS = 60;
  private static final long BODY_BYTES = 64L << 20;

  private final Path peers;
  private final Path logs;

  Load(Path peers, Path logs) {
    this.peers = peers;
    this.logs = logs;
  }

  /// What a closed loop of small requests gave.
  ///
  /// @param processorMicros what the programs between visitor and app used for one
  record Requests(double perSecond, double p50Micros, double p99Micros, double processorMicros) {}

  /// What a transfer gave.
  ///
  /// @param processorSeconds what the programs between visitor and app used for a gigabyte
  record Transfer(double gbitPerSecond, double processorSeconds) {}

  /// Tells how many seconds of processor time the programs between visitor and app have used: a
  /// figure that other work on the machine disturbs less than it does a rate.
  interface Meter {
    double processorSeconds();
  }

  /// What the generator said, and the processor time used while it measured.
  private record Run(JsonNode said, double processorSeconds) {}

  /// A direction of a transfer, from the visitor's side.
  enum Direction {
    DOWN,
    UP;

    String flag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Asks for 1 KiB again and again on keep-alive connections.
  Requests requests(String address, int connections, double seconds, Meter meter)
      throws IOException, InterruptedException {
    Run run =
        run(
            seconds,
            command(
                address, seconds, List.of("-mode", "requests", "-c", String.valueOf(connections))),
            meter);
    double perSecond = run.said().get("rps").asDouble();
    return new Requests(
        perSecond,
        run.said().get("p50_us").asDouble(),
        run.said().get("p99_us").asDouble(),
        1e6 * run.processorSeconds() / (perSecond * seconds));
  }

  /// Transfers large bodies on parallel connections.
  Transfer throughput(String address, int streams, Direction direction, double seconds, Meter meter)
      throws IOException, InterruptedException {
    List<String> mode =
        List.of(
            "-mode",
            "throughput",
            "-direction",
            direction.flag(),
            "-c",
            String.valueOf(streams),
            "-bytes",
            String.valueOf(BODY_BYTES));
    Run run = run(seconds, command(address, seconds, mode), meter);
    double gbit = run.said().get("gbit_s").asDouble();
    return new Transfer(gbit, run.processorSeconds() / (gbit / 8 * seconds));
  }

  /// Starts a download of 1 GiB that nobody reads on; it is under way on return, until closed.
  Child pausedDownload(String address, double seconds) throws IOException, InterruptedException {
    Child paused =
        Child.start(
            logs,
            "paused",
            command(address, seconds + SLACK_SECONDS, List.of("-mode", "pausedread", "-c", "1")));
    paused.next("ready", SLACK_SECONDS);
    return paused;
  }

  private Run run(double seconds, List<String> command, Meter meter)
      throws IOException, InterruptedException {
    try (Child load = Child.start(logs, "load", command)) {
      Thread.sleep(millis(warmUpSeconds(seconds)));
      double before = meter.processorSeconds();
      Thread.sleep(millis(seconds));
      double used = meter.processorSeconds() - before;
      JsonNode said = load.next(SLACK_SECONDS);
      JsonNode errors = said.get("errors");
      if (said.has("error") || errors == null || errors.asInt() > 0) {
        throw new IOException("the load failed: " + said);
      }
      return new Run(said, used);
    }
  }

  /// The load before what is measured.
  private static double warmUpSeconds(double seconds) {
    return Math.min(1, seconds / 2);
  }

  private static long millis(double seconds) {
    return (long) (seconds * 1000);
  }

  private List<String> command(String address, double seconds, List<String> mode) {
    List<String> command = new ArrayList<>();
    command.add(peers.resolve("load").toString());
    command.addAll(List.of("-addr", address, "-host", GatewayProgram.DOMAIN));
    command.addAll(List.of("-duration", millis(seconds) + "ms"));
    command.addAll(List.of("-warmup", millis(warmUpSeconds(seconds)) + "ms"));
    command.addAll(List.of("-max-seconds", String.valueOf((long) seconds + 2 * SLACK_SECONDS)));
    command.addAll(mode);
    return command;
  }
}
