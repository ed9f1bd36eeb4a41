package io.penstock.it.bench;

import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// Measures what goes from one node through a gateway to another, each a process of its own, beside
/// the same over the kernel's loopback: a stream, requests through a served proxy, connections,
/// latency, and what a new serve config costs while connections run.
///
/// Twice: with what the machine has (epoll, GSO and GRO), and on plain NIO.
final class NodeBenchmark implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final double WARM_UP_SECONDS = 2;
  private static final int LEAST_WARM_UPS = 4;
  private static final int MOST_WARM_UPS = 10;
  private static final double WARM_UP_GAIN = 0.95;
  private static final int CONNECTIONS = 64;
  private static final int CONNECTS = 1_000;

  /// Connections that run while the config is set.
  private static final int RUNNING = 1_000;

  /// Connections before the count begins, for what the first ones alone cost.
  private static final int RESTING_BEFORE = 100;

  private static final String PLAIN_NIO = "-Dio.netty.transport.noNative=true";
  private static final List<Way> SYSTEMS = List.of(Way.NODES, Way.NODES_NIO);
  private static final List<Way> WAYS = List.of(Way.DIRECT, Way.NODES, Way.NODES_NIO);

  private final BenchmarkOptions options;
  private final Path directory;
  private final PrintStream out;
  private final Samples samples;
  private final Children children;
  private final Map<Way, Trio> systems = new EnumMap<>(Way.class);

  /// The three measured processes.
  private record Trio(Child gateway, Child web, Child visitor) {

    double processorSeconds() {
      return Stream.of(gateway, web, visitor).mapToDouble(Child::processorSeconds).sum();
    }
  }

  /// What the visitor said, and the processor time that all three used meanwhile.
  private record Run(JsonNode said, double processorSeconds) {

    double of(String key) {
      return said.get(key).asDouble();
    }

    double gbit() {
      return of("bytes") * 8 / of("seconds") / 1e9;
    }

    double processorPerGigabyte() {
      return processorSeconds / (of("bytes") / 1e9);
    }
  }

  NodeBenchmark(BenchmarkOptions options, Path directory, PrintStream out) {
    this.options = options;
    this.directory = directory;
    this.out = out;
    samples = new Samples(out);
    children = new Children(directory, options.peers());
  }

  void run() throws IOException, InterruptedException {
    String app = startApp("node-app");
    String otherApp = startApp("node-other-app");
    start(Way.NODES, "nodes", List.of(), app, otherApp);
    start(Way.NODES_NIO, "nodes-nio", List.of(PLAIN_NIO), app, otherApp);
    warmUp();
    for (int round = 1; round <= options.rounds(); round++) {
      for (Way way : WAYS) {
        measureStreams(round, way);
        measureLatency(round, way);
        measureRequests(round, way);
      }
      addedLatency(round);
      measureSet(round);
    }
    measureMemory();
    out.println();
    out.print(new Report(samples).text());
  }

  // ---- the systems ----

  private String startApp(String name) throws IOException, InterruptedException {
    Child app = children.peer(name, "app", "-exit-with-stdin");
    return app.next("listening", START_SECONDS).get("listening").asString();
  }

  private void start(Way way, String name, List<String> jvm, String app, String otherApp)
      throws IOException, InterruptedException {
    Child gateway =
        children.java(
            name + "-gateway",
            jvm,
            GatewayProgram.class,
            at(name + "-data"),
            String.valueOf(BenchNode.MTU_BYTES));
    JsonNode door = gateway.next("tunnel", START_SECONDS);
    String[] join = {
      door.get("tunnel").asString(),
      door.get("fingerprint").asString(),
      door.get("token").asString()
    };
    Child web =
        children.java(
            name + "-web", jvm, ServingProgram.class, with(join, at(name + "-web"), app, otherApp));
    JsonNode served = web.next("direct", START_SECONDS);
    Child visitor =
        children.java(
            name + "-visitor",
            jvm,
            VisitorProgram.class,
            with(
                join,
                at(name + "-visitor"),
                served.get("host").asString(),
                served.get("direct").asString(),
                app));
    visitor.next("ready", START_SECONDS);
    systems.put(way, new Trio(gateway, web, visitor));
    out.printf("%s: epoll %s%n", way.label(), door.get("epoll").asBoolean() ? "yes" : "no");
  }

  private String at(String name) {
    return directory.resolve(name).toString();
  }

  private static String[] with(String[] first, String... more) {
    List<String> all = new ArrayList<>(List.of(first));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /// Ends all systems, the last started first. Repeatable.
  @Override
  public void close() {
    children.close();
  }

  // ---- the figures ----

  private Trio system(Way way) {
    Trio trio = systems.get(way);
    if (trio == null) {
      throw new IllegalStateException(way + " was not started");
    }
    return trio;
  }

  private JsonNode ask(Child child, String line) throws IOException, InterruptedException {
    child.say(line);
    return child.next((long) options.seconds() + 2 * START_SECONDS);
  }

  /// Asks a visitor for something along a way; what is direct is asked of the first system's.
  private Run run(Way way, String line) throws IOException, InterruptedException {
    Trio trio = system(way == Way.DIRECT ? Way.NODES : way);
    String[] words = line.split(" ", 2);
    String road = way == Way.DIRECT ? "direct" : "nodes";
    double before = trio.processorSeconds();
    JsonNode said = ask(trio.visitor(), words[0] + " " + road + " " + words[1]);
    return new Run(said, trio.processorSeconds() - before);
  }

  /// Lets the JVMs compile what they run: until a request costs no less than before.
  private void warmUp() throws IOException, InterruptedException {
    for (Way way : WAYS) {
      double before = Double.MAX_VALUE;
      double last = Double.MAX_VALUE / 2;
      double segmentBytes = 0;
      for (int i = 0;
          i < LEAST_WARM_UPS || (i < MOST_WARM_UPS && last < WARM_UP_GAIN * before);
          i++) {
        before = last;
        Run down = run(way, "down " + WARM_UP_SECONDS);
        Run up = run(way, "up " + WARM_UP_SECONDS);
        Run asked = run(way, "requests " + CONNECTIONS + " " + WARM_UP_SECONDS);
        segmentBytes = up.of("segment_bytes");
        last = 1e6 * asked.processorSeconds() / asked.of("requests");
        out.printf(
            Locale.ROOT,
            "warming up %s: %.1f and %.1f s per GB, %.0f µs per request%n",
            way.label(),
            down.processorPerGigabyte(),
            up.processorPerGigabyte(),
            last);
      }
      if (way != Way.DIRECT) {
        out.printf(Locale.ROOT, "%s: %.0f bytes in a full segment%n", way.label(), segmentBytes);
      }
      run(way, "connect " + CONNECTS);
      run(way, "ping " + WARM_UP_SECONDS);
    }
  }

  private void measureStreams(int round, Way way) throws IOException, InterruptedException {
    Run down = run(way, "down " + options.seconds());
    samples.add(round, Figure.DOWN_1, way, down.gbit());
    samples.add(round, Figure.DOWN_PROCESSOR, way, down.processorPerGigabyte());
    Run up = run(way, "up " + options.seconds());
    samples.add(round, Figure.UP_1, way, up.gbit());
    samples.add(round, Figure.UP_PROCESSOR, way, up.processorPerGigabyte());
  }

  private void measureLatency(int round, Way way) throws IOException, InterruptedException {
    Run connects = run(way, "connect " + CONNECTS);
    samples.add(round, Figure.CONNECT_P50, way, connects.of("p50_us"));
    samples.add(round, Figure.CONNECT_P99, way, connects.of("p99_us"));
    Run pings = run(way, "ping " + options.seconds());
    samples.add(round, Figure.ROUND_TRIP_P50, way, pings.of("p50_us"));
    samples.add(round, Figure.ROUND_TRIP_P99, way, pings.of("p99_us"));
  }

  private void addedLatency(int round) {
    for (Way way : SYSTEMS) {
      samples.add(round, Figure.ADDED_P50, way, added(Figure.ROUND_TRIP_P50, way));
      samples.add(round, Figure.ADDED_P99, way, added(Figure.ROUND_TRIP_P99, way));
    }
  }

  private double added(Figure figure, Way way) {
    return samples.last(figure, way) - samples.last(figure, Way.DIRECT);
  }

  private void measureRequests(int round, Way way) throws IOException, InterruptedException {
    Run asked = run(way, "requests " + CONNECTIONS + " " + options.seconds());
    samples.add(round, Figure.REQUESTS, way, asked.of("requests") / asked.of("seconds"));
    samples.add(round, Figure.P50, way, asked.of("p50_us"));
    samples.add(round, Figure.P99, way, asked.of("p99_us"));
    samples.add(
        round, Figure.PROCESSOR, way, 1e6 * asked.processorSeconds() / asked.of("requests"));
  }

  /// Sets the config again and again while connections ask all the time, on the 100 ports that are
  /// served in each.
  private void measureSet(int round) throws IOException, InterruptedException {
    Trio trio = system(Way.NODES);
    ask(trio.visitor(), "run " + RUNNING);
    set(round, Figure.SET_CHANGED, trio.web(), "other");
    set(round, Figure.SET_ADDED, trio.web(), "more");
    set(round, Figure.SET_REMOVED, trio.web(), "other");
    JsonNode end = ask(trio.visitor(), "finish");
    samples.add(round, Figure.BROKEN, Way.NODES, end.get("broken").asDouble());
    ask(trio.web(), "set first");
  }

  private void set(int round, Figure figure, Child web, String config)
      throws IOException, InterruptedException {
    samples.add(round, figure, Way.NODES, ask(web, "set " + config).get("millis").asDouble());
  }

  private void measureMemory() throws IOException, InterruptedException {
    Trio trio = system(Way.NODES);
    rest(trio, RESTING_BEFORE);
    long before = trio.web().heapBytes(START_SECONDS);
    rest(trio, options.agents());
    long with = trio.web().heapBytes(START_SECONDS);
    samples.add(1, Figure.SERVED_KIB, Way.NODES, (with - before) / 1024.0 / options.agents());
    samples.add(1, Figure.SERVED_MIB, Way.NODES, trio.web().residentBytes() / 1048576.0);
    JsonNode end = ask(trio.visitor(), "finish");
    if (end.get("broken").asInt() > 0) {
      throw new IOException("connections did not stay: " + end);
    }
  }

  private void rest(Trio trio, int count) throws IOException, InterruptedException {
    JsonNode said = ask(trio.visitor(), "rest " + count);
    if (said.get("broken").asInt() > 0) {
      throw new IOException("not every connection was opened: " + said);
    }
  }
}
