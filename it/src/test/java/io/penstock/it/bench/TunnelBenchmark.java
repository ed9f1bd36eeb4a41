package io.penstock.it.bench;

import io.penstock.it.bench.BenchmarkOptions.Part;
import io.penstock.it.bench.Load.Direction;
import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import io.penstock.it.tun.NetworkThread;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Compares, on the loopback and in one run, the ways from a visitor to an app: direct, through our
/// gateway and agent, through a plain TLS splice, and through the Go pair as a fair rival and as it
/// is.
///
/// Its arguments are a directory for logs and data, that of the Go programs, and the options. All
/// systems run all the time; they are loaded in turn, round by round, so that whatever else the
/// machine does falls on all of them.
final class TunnelBenchmark implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final int CONNECTIONS = 64;
  private static final int SMALL_CONNECTIONS = 4;
  private static final int STREAMS = 16;
  private static final double WARM_UP_SECONDS = 4;
  private static final int WARM_UPS = 6;
  private static final double WARM_UP_GAIN = 0.9;

  /// Agents before the count begins, for what the first one alone costs.
  private static final int AGENTS_BEFORE = 50;

  private final BenchmarkOptions options;
  private final Path directory;
  private final Load load;
  private final Children children;
  private final Map<Way, List<Child>> tunnels = new EnumMap<>(Way.class);
  private final Map<Way, String> addresses = new EnumMap<>(Way.class);
  private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private final Samples samples = new Samples(out);

  private TunnelBenchmark(BenchmarkOptions options, Path directory) {
    this.options = options;
    this.directory = directory;
    this.load = new Load(options.peers(), directory);
    this.children = new Children(directory, options.peers());
  }

  static void main(String[] arguments) throws Exception {
    Path directory = Files.createDirectories(Path.of(arguments[0]));
    BenchmarkOptions options;
    try {
      options =
          BenchmarkOptions.parse(
              Path.of(arguments[1]), Arrays.copyOfRange(arguments, 2, arguments.length));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      System.err.println("bench: " + e.getMessage() + "; see tools/bench --help");
      System.exit(2);
      return;
    }
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    if (!EnumSet.of(Part.OVERLAY, Part.NODE, Part.KERNEL, Part.UP, Part.STACK, Part.CALLS)
        .containsAll(options.parts())) {
      try (TunnelBenchmark benchmark = new TunnelBenchmark(options, directory)) {
        benchmark.run();
      }
    }
    if (options.parts().contains(Part.STACK)) {
      new StackBenchmark(options, directory, out).run();
    }
    if (options.parts().contains(Part.KERNEL)) {
      try (KernelBenchmark benchmark = new KernelBenchmark(options, directory, out)) {
        benchmark.run();
      } catch (NetworkThread.NotPermittedException e) {
        out.println("kernel: not measured, " + e.getMessage());
      }
    }
    if (options.parts().contains(Part.UP)) {
      try (UpBenchmark benchmark = new UpBenchmark(options, directory, out)) {
        benchmark.run();
      } catch (NetworkThread.NotPermittedException e) {
        out.println("up: not measured, " + e.getMessage());
      }
    }
    if (options.parts().contains(Part.CALLS)) {
      try (CallBenchmark benchmark = new CallBenchmark(options, directory, out)) {
        benchmark.run();
      }
    }
    if (options.parts().contains(Part.OVERLAY)) {
      try (OverlayBenchmark benchmark = new OverlayBenchmark(options, directory, out)) {
        benchmark.run();
      }
    }
    if (options.parts().contains(Part.NODE)) {
      try (NodeBenchmark benchmark = new NodeBenchmark(options, directory, out)) {
        benchmark.run();
      }
    }
  }

  private void run() throws IOException, InterruptedException {
    startAll();
    warmUp();
    for (int round = 1; round <= options.rounds(); round++) {
      if (options.parts().contains(Part.REQUESTS)) {
        measureRequests(round);
      }
      if (options.parts().contains(Part.THROUGHPUT)) {
        measureThroughput(round);
      }
      if (options.parts().contains(Part.PAUSED)) {
        measurePaused(round);
      }
    }
    close();
    if (options.parts().contains(Part.MEMORY)) {
      measureMemory();
    }
    out.println();
    out.print(new Report(samples).text());
  }

  // ---- the systems ----

  private void startAll() throws IOException, InterruptedException {
    String app = go("app", "app").next("listening", START_SECONDS).get("listening").asString();
    addresses.put(Way.DIRECT, app);

    Path data = directory.resolve("gateway");
    JsonNode gateway = startGateway("gateway", data);
    addresses.put(Way.PENSTOCK, gateway.get("http").asString());
    out.printf(
        "native parts active: epoll %s, OpenSSL %s, QUIC %s; Java %s, %d processors%n",
        gateway.get("epoll").asBoolean() ? "yes" : "no",
        gateway.get("openssl").asBoolean() ? "yes" : "no",
        gateway.get("quic").asBoolean() ? "yes" : "no",
        Runtime.version(),
        Runtime.getRuntime().availableProcessors());
    children
        .java(
            "agent",
            AgentProgram.class,
            gateway.get("tunnel").asString(),
            gateway.get("fingerprint").asString(),
            gateway.get("token").asString(),
            "http://" + app)
        .next("urls", START_SECONDS);
    tunnels.put(Way.PENSTOCK, newestTwo());

    String certificate = data.resolve("gateway.crt").toString();
    String key = data.resolve("gateway.key").toString();
    String back =
        listening(children.java("splice-back", SpliceProgram.class, "back", app, certificate, key));
    addresses.put(
        Way.SPLICE, listening(children.java("splice-front", SpliceProgram.class, "front", back)));
    tunnels.put(Way.SPLICE, newestTwo());

    addresses.put(Way.GO, startGoPair("go", data, app, "-app-idle-conns", "256"));
    tunnels.put(Way.GO, newestTwo());
    addresses.put(Way.GO_ORIGINAL, startGoPair("go-original", data, app));
    tunnels.put(Way.GO_ORIGINAL, newestTwo());
  }

  private JsonNode startGateway(String name, Path data) throws IOException, InterruptedException {
    return children.java(name, GatewayProgram.class, data.toString()).next("tunnel", START_SECONDS);
  }

  private String startGoPair(String name, Path data, String app, String... more)
      throws IOException, InterruptedException {
    JsonNode server = startGoServer(name + "-server", data);
    List<String> client = new ArrayList<>();
    client.addAll(List.of("-addr", server.get("tls").asString(), "-backend", "http://" + app));
    client.addAll(List.of("-ca", data.resolve("ca.crt").toString()));
    client.addAll(List.of(more));
    go(name + "-client", "tun2-client", client.toArray(String[]::new)).next("ready", START_SECONDS);
    return server.get("http").asString();
  }

  private JsonNode startGoServer(String name, Path data) throws IOException, InterruptedException {
    return go(
            name,
            "tun2-server",
            "-listen",
            "127.0.0.1:0",
            "-cert",
            data.resolve("gateway.crt").toString(),
            "-key",
            data.resolve("gateway.key").toString())
        .next("http", START_SECONDS);
  }

  private static String listening(Child child) throws IOException, InterruptedException {
    return child.next("listening", START_SECONDS).get("listening").asString();
  }

  private Child go(String name, String program, String... arguments) throws IOException {
    List<String> all = new ArrayList<>();
    all.add("-exit-with-stdin");
    all.addAll(List.of(arguments));
    return children.peer(name, program, all.toArray(String[]::new));
  }

  private List<Child> newestTwo() {
    return children.newest(2);
  }

  /// Ends all systems, the last started first. Repeatable.
  @Override
  public void close() {
    children.close();
  }

  // ---- the figures ----

  private String address(Way way) {
    String address = addresses.get(way);
    if (address == null) {
      throw new IllegalStateException(way + " was not started");
    }
    return address;
  }

  /// Lets the JVMs compile what they run: until a request costs no less than before.
  private void warmUp() throws IOException, InterruptedException {
    for (Way way : List.of(Way.PENSTOCK, Way.SPLICE)) {
      double before = Double.MAX_VALUE;
      double last = Double.MAX_VALUE / 2;
      for (int i = 0; i < WARM_UPS && last < WARM_UP_GAIN * before; i++) {
        before = last;
        Load.Requests said = load.requests(address(way), CONNECTIONS, WARM_UP_SECONDS, meter(way));
        last = said.processorMicros();
        out.printf(Locale.ROOT, "warming up %s: %.0f µs per request%n", way.label(), last);
      }
      if (options.parts().contains(Part.THROUGHPUT)) {
        load.throughput(address(way), 1, Direction.DOWN, WARM_UP_SECONDS, meter(way));
        load.throughput(address(way), 1, Direction.UP, WARM_UP_SECONDS, meter(way));
      }
    }
  }

  private void measureRequests(int round) throws IOException, InterruptedException {
    for (Way way : addresses.keySet()) {
      Load.Requests said = load.requests(address(way), CONNECTIONS, options.seconds(), meter(way));
      samples.add(round, Figure.REQUESTS, way, said.perSecond());
      samples.add(round, Figure.P50, way, said.p50Micros());
      samples.add(round, Figure.P99, way, said.p99Micros());
      if (way != Way.DIRECT) {
        samples.add(round, Figure.PROCESSOR, way, said.processorMicros());
      }
    }
  }

  private void measureThroughput(int round) throws IOException, InterruptedException {
    for (Way way : List.of(Way.DIRECT, Way.PENSTOCK, Way.SPLICE, Way.GO)) {
      Load.Transfer down = transfer(way, 1, Direction.DOWN);
      samples.add(round, Figure.DOWN_1, way, down.gbitPerSecond());
      Load.Transfer up = transfer(way, 1, Direction.UP);
      samples.add(round, Figure.UP_1, way, up.gbitPerSecond());
      if (way != Way.DIRECT) {
        samples.add(round, Figure.DOWN_PROCESSOR, way, down.processorSeconds());
        samples.add(round, Figure.UP_PROCESSOR, way, up.processorSeconds());
      }
      samples.add(
          round, Figure.DOWN_16, way, transfer(way, STREAMS, Direction.DOWN).gbitPerSecond());
      samples.add(round, Figure.UP_16, way, transfer(way, STREAMS, Direction.UP).gbitPerSecond());
    }
  }

  private Load.Transfer transfer(Way way, int streams, Direction direction)
      throws IOException, InterruptedException {
    return load.throughput(address(way), streams, direction, options.seconds(), meter(way));
  }

  private Load.Meter meter(Way way) {
    List<Child> between = tunnels.getOrDefault(way, List.of());
    return () -> between.stream().mapToDouble(Child::processorSeconds).sum();
  }

  /// The Go pair has no such figure: a paused download stops its whole session.
  private void measurePaused(int round) throws IOException, InterruptedException {
    String address = address(Way.PENSTOCK);
    double seconds = options.seconds();
    samples.add(round, Figure.IDLE_P99, Way.PENSTOCK, smallP99(address, seconds));
    Child paused = load.pausedDownload(address, seconds);
    try {
      samples.add(round, Figure.PAUSED_P99, Way.PENSTOCK, smallP99(address, seconds));
    } finally {
      paused.close();
    }
  }

  private double smallP99(String address, double seconds) throws IOException, InterruptedException {
    return load.requests(address, SMALL_CONNECTIONS, seconds, meter(Way.PENSTOCK)).p99Micros();
  }

  /// Measures fresh processes, which have carried nothing.
  private void measureMemory() throws IOException, InterruptedException {
    Path data = directory.resolve("memory");
    JsonNode gateway = startGateway("memory-gateway", data);
    Child program = children.newest(1).getFirst();
    String token = gateway.get("token").asString();
    idleAgents(data, gateway.get("tunnel").asString(), token, AGENTS_BEFORE);
    long before = program.heapBytes(START_SECONDS);
    idleAgents(data, gateway.get("tunnel").asString(), token, options.agents());
    long with = program.heapBytes(START_SECONDS);
    samples.add(1, Figure.HEAP_KIB, Way.PENSTOCK, (with - before) / 1024.0 / options.agents());
    samples.add(1, Figure.RESIDENT_MIB, Way.PENSTOCK, program.residentBytes() / 1048576.0);
    close();

    JsonNode server = startGoServer("memory-go", data);
    Child goProgram = children.newest(1).getFirst();
    idleAgents(data, server.get("tls").asString(), "token", options.agents() + AGENTS_BEFORE);
    samples.add(1, Figure.RESIDENT_MIB, Way.GO, goProgram.residentBytes() / 1048576.0);
    close();
  }

  private void idleAgents(Path data, String gateway, String token, int count)
      throws IOException, InterruptedException {
    JsonNode ready =
        go(
                "agents-" + count,
                "tun2-client",
                "-addr",
                gateway,
                "-backend",
                "http://127.0.0.1:9",
                "-token",
                token,
                "-ca",
                data.resolve("ca.crt").toString(),
                "-count",
                String.valueOf(count))
            .next("ready", START_SECONDS);
    if (ready.get("agents").asInt() != count) {
      throw new IOException("only " + ready.get("agents").asInt() + " of " + count + " agents");
    }
  }
}
