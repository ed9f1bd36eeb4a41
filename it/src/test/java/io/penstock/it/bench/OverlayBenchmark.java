package io.penstock.it.bench;

import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Compares, on the loopback and in one run, packet tunnels: our client and server, two nodes
/// behind our gateway, the Rust original at both ends, and each of ours with one of theirs.
///
/// Each way has a server and a client, which is also the load generator; a packet goes from the
/// client to the server and back to the client. All systems run all the time and are loaded in
/// turn.
final class OverlayBenchmark implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final double WARM_UP_SECONDS = 3;
  private static final int LEAST_WARM_UPS = 5;
  private static final int MOST_WARM_UPS = 10;
  private static final double WARM_UP_GAIN = 0.95;

  /// Tunnels that are opened in a round for their rate, and closed again.
  private static final int OPENED = 100;

  /// Tunnels before the count begins, for what the first one alone costs.
  private static final int TUNNELS_BEFORE = 50;

  private static final double BITS = 8.0 * PacketLoad.LARGE_BYTES;

  private final BenchmarkOptions options;
  private final Path directory;
  private final PrintStream out;
  private final Samples samples;
  private final Children children;
  private final Map<Way, Ends> systems = new EnumMap<>(Way.class);

  /// The two measured processes of a way.
  private record Ends(Child server, Child client) {

    JsonNode ask(String line, double seconds) throws IOException, InterruptedException {
      client.say(line);
      return client.next((long) seconds + START_SECONDS);
    }
  }

  /// What the client said, and the processor time that both ends used meanwhile.
  private record Run(JsonNode said, double serverSeconds, double clientSeconds) {

    double of(String key) {
      return said.get(key).asDouble();
    }
  }

  OverlayBenchmark(BenchmarkOptions options, Path directory, PrintStream out) {
    this.options = options;
    this.directory = directory;
    this.out = out;
    samples = new Samples(out);
    children = new Children(directory, options.peers());
  }

  void run() throws IOException, InterruptedException {
    startAll();
    warmUp();
    for (int round = 1; round <= options.rounds(); round++) {
      for (Way way : systems.keySet()) {
        measurePackets(round, way);
        measureTunnels(round, way);
      }
    }
    close();
    measureMemory();
    out.println();
    out.print(new Report(samples).text());
  }

  // ---- the systems ----

  private void startAll() throws IOException, InterruptedException {
    Child gateway = children.java("overlay-gateway", GatewayProgram.class, data().toString());
    JsonNode door = gateway.next("tunnel", START_SECONDS);
    Child echo = startEcho("echo");
    Child rust = children.peer("rust-server", "bench-server", "-exit-with-stdin");
    String ours = listening(echo);
    String theirs = listening(rust);
    add(Way.PENSTOCK, echo, children.java("load", LoadProgram.class, "echo", ours));
    add(Way.ROUTER, gateway, startNodes("load-nodes", door));
    add(Way.RUST, rust, children.peer("rust-load", "bench-client", "-connect", theirs));
    add(Way.TO_RUST, rust, children.java("load-to-rust", LoadProgram.class, "echo", theirs));
    add(Way.FROM_RUST, echo, children.peer("rust-load-to-ours", "bench-client", "-connect", ours));
  }

  private void add(Way way, Child server, Child client) throws IOException, InterruptedException {
    client.next("ready", START_SECONDS);
    systems.put(way, new Ends(server, client));
  }

  private Path data() {
    return directory.resolve("overlay");
  }

  private String certificate() {
    return data().resolve("gateway.crt").toString();
  }

  private String key() {
    return data().resolve("gateway.key").toString();
  }

  private Child startEcho(String mode) throws IOException {
    return children.java(mode, EchoProgram.class, certificate(), key(), mode);
  }

  private Child startNodes(String name, JsonNode door) throws IOException {
    return children.java(
        name,
        LoadProgram.class,
        "nodes",
        door.get("tunnel").asString(),
        door.get("fingerprint").asString(),
        door.get("token").asString(),
        name + "-");
  }

  private static String listening(Child child) throws IOException, InterruptedException {
    return child.next("listening", START_SECONDS).get("listening").asString();
  }

  /// Ends all systems, the last started first. Repeatable.
  @Override
  public void close() {
    children.close();
  }

  // ---- the figures ----

  private static Run run(Ends ends, String line, double seconds)
      throws IOException, InterruptedException {
    double server = ends.server().processorSeconds();
    double client = ends.client().processorSeconds();
    JsonNode said = ends.ask(line, seconds);
    return new Run(
        said, ends.server().processorSeconds() - server, ends.client().processorSeconds() - client);
  }

  /// Lets the JVMs compile what they run: until a packet costs no less than before.
  private void warmUp() throws IOException, InterruptedException {
    for (Map.Entry<Way, Ends> system : systems.entrySet()) {
      double before = Double.MAX_VALUE;
      double last = Double.MAX_VALUE / 2;
      for (int i = 0;
          i < LEAST_WARM_UPS || (i < MOST_WARM_UPS && last < WARM_UP_GAIN * before);
          i++) {
        before = last;
        Run run = run(system.getValue(), "throughput " + WARM_UP_SECONDS, WARM_UP_SECONDS);
        last = 1e6 * (run.serverSeconds() + run.clientSeconds()) / run.of("packets");
        out.printf(
            Locale.ROOT,
            "warming up %s: %.1f µs of both ends per packet%n",
            system.getKey().label(),
            last);
      }
      run(system.getValue(), "establish " + OPENED, START_SECONDS);
    }
  }

  private void measurePackets(int round, Way way) throws IOException, InterruptedException {
    Ends ends = ends(way);
    double seconds = options.seconds();
    Run full = run(ends, "throughput " + seconds, seconds);
    double packets = full.of("packets");
    double perSecond = packets / full.of("seconds");
    samples.add(round, Figure.PACKETS, way, perSecond);
    samples.add(round, Figure.GBIT, way, perSecond * BITS / 1e9);
    samples.add(round, Figure.SERVER_PROCESSOR, way, 1e6 * full.serverSeconds() / packets);
    samples.add(round, Figure.CLIENT_PROCESSOR, way, 1e6 * full.clientSeconds() / packets);
    samples.add(round, Figure.LOST, way, 1e3 * full.of("lost") / (packets + full.of("lost")));
    Run idle = run(ends, "latency " + seconds + " 0", seconds);
    samples.add(round, Figure.PING_P50, way, idle.of("p50_us"));
    samples.add(round, Figure.PING_P99, way, idle.of("p99_us"));
    Run half = run(ends, "latency " + seconds + " " + perSecond / 2, seconds);
    samples.add(round, Figure.LOADED_P50, way, half.of("p50_us"));
    samples.add(round, Figure.LOADED_P99, way, half.of("p99_us"));
  }

  private void measureTunnels(int round, Way way) throws IOException, InterruptedException {
    Run run = run(ends(way), "establish " + OPENED, START_SECONDS);
    samples.add(round, Figure.TUNNELS, way, OPENED / run.of("seconds"));
    samples.add(round, Figure.TUNNEL_PROCESSOR, way, 1e3 * run.serverSeconds() / OPENED);
  }

  private Ends ends(Way way) {
    Ends ends = systems.get(way);
    if (ends == null) {
      throw new IllegalStateException(way + " was not started");
    }
    return ends;
  }

  /// Measures fresh processes, which have carried nothing.
  private void measureMemory() throws IOException, InterruptedException {
    Child bare = startEcho("bare");
    Child visitor = children.java("bare-load", LoadProgram.class, "echo", listening(bare));
    measureIdle(Figure.BARE_KIB, Way.PENSTOCK, new Ends(bare, visitor), "bare");

    Child echo = startEcho("echo");
    Child holder = children.java("idle-load", LoadProgram.class, "echo", listening(echo));
    measureIdle(Figure.TUNNEL_KIB, Way.PENSTOCK, new Ends(echo, holder), "hold");

    Child gateway =
        children.java("idle-gateway", GatewayProgram.class, directory.resolve("idle").toString());
    Child nodes = startNodes("idle-nodes", gateway.next("tunnel", START_SECONDS));
    measureIdle(Figure.TUNNEL_KIB, Way.ROUTER, new Ends(gateway, nodes), "hold");

    Child rust = children.peer("idle-rust", "bench-server", "-exit-with-stdin");
    Child rival = children.peer("idle-rust-load", "bench-client", "-connect", listening(rust));
    rival.next("ready", START_SECONDS);
    new Ends(rust, rival).ask("hold " + (TUNNELS_BEFORE + options.agents()), START_SECONDS);
    samples.add(1, Figure.TUNNELS_MIB, Way.RUST, rust.residentBytes() / 1048576.0);
    close();
  }

  private void measureIdle(Figure figure, Way way, Ends ends, String hold)
      throws IOException, InterruptedException {
    ends.client().next("ready", START_SECONDS);
    ends.ask(hold + " " + TUNNELS_BEFORE, START_SECONDS);
    long before = ends.server().heapBytes(START_SECONDS);
    ends.ask(hold + " " + options.agents(), START_SECONDS);
    long with = ends.server().heapBytes(START_SECONDS);
    samples.add(1, figure, way, (with - before) / 1024.0 / options.agents());
    if (figure == Figure.TUNNEL_KIB) {
      samples.add(1, Figure.TUNNELS_MIB, way, ends.server().residentBytes() / 1048576.0);
    }
    close();
  }
}
