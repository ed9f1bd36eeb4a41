package io.penstock.it.bench;

import io.penstock.it.bench.Iperf3Client.Measured;
import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import io.penstock.it.tun.NetworkThread;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Measures what programs of one machine exchange with those of another over the overlay: `iperf3`
/// over a TUN device, a node, the gateway, a node and a TUN device; beside it wireguard-go in the
/// same shape over the same wires, and two kernels over veth.
///
/// All systems run all the time and are loaded in turn.
final class UpBenchmark implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final double WARM_UP_SECONDS = 4;
  private static final int LEAST_WARM_UPS = 3;
  private static final int MOST_WARM_UPS = 8;
  private static final double WARM_UP_GAIN = 0.95;

  /// What IPv4 and UDP leave of an inner packet.
  private static final int DATAGRAM_BYTES = BenchNode.MTU_BYTES - 20 - 8;

  /// What they leave of a packet of an Ethernet.
  private static final int VETH_DATAGRAM_BYTES = 1500 - 20 - 8;

  private final BenchmarkOptions options;
  private final Path directory;
  private final PrintStream out;
  private final Samples samples;
  private final Children children;

  /// Two machines that reach each other somehow.
  ///
  /// @param server where the right machine is for the left one
  /// @param datagramBytes the data of the largest datagram that needs no fragments
  /// @param programs that carry the packets
  private record Road(
      Way way, NetworkThread left, String server, int datagramBytes, List<Child> programs) {

    double processorSeconds() {
      return programs.stream().mapToDouble(Child::processorSeconds).sum();
    }

    Measured measure(Run run, double seconds) throws Exception {
      return run.lost.isEmpty()
          ? Iperf3Client.tcp(left, server, run.direction, seconds)
          : Iperf3Client.udp(left, server, run.direction, seconds, datagramBytes);
    }
  }

  /// What is measured along each road, and what comes out: datagrams may get lost.
  private enum Run {
    TCP_UP("up", Figure.MACHINE_TCP_UP, Figure.MACHINE_TCP_UP_PROCESSOR, Optional.empty()),
    TCP_DOWN("down", Figure.MACHINE_TCP_DOWN, Figure.MACHINE_TCP_DOWN_PROCESSOR, Optional.empty()),
    UDP_UP(
        "up",
        Figure.MACHINE_UDP_UP,
        Figure.MACHINE_UDP_UP_PROCESSOR,
        Optional.of(Figure.MACHINE_UDP_UP_LOST)),
    UDP_DOWN(
        "down",
        Figure.MACHINE_UDP_DOWN,
        Figure.MACHINE_UDP_DOWN_PROCESSOR,
        Optional.of(Figure.MACHINE_UDP_DOWN_LOST));

    private final String direction;
    private final Figure rate;
    private final Figure processor;
    private final Optional<Figure> lost;

    Run(String direction, Figure rate, Figure processor, Optional<Figure> lost) {
      this.direction = direction;
      this.rate = rate;
      this.processor = processor;
      this.lost = lost;
    }
  }

  UpBenchmark(BenchmarkOptions options, Path directory, PrintStream out) {
    this.options = options;
    this.directory = directory;
    this.out = out;
    samples = new Samples(out);
    children = new Children(directory, options.peers());
  }

  void run() throws Exception {
    try (HubNetwork network = HubNetwork.open();
        VethPair veth = VethPair.open();
        Iperf3Server _ = Iperf3Server.start(network.right())) {
      Road overlay = startOverlay(network);
      WireguardHub hub = WireguardHub.start(network, children, directory);
      List<Road> roads =
          List.of(
              overlay,
              new Road(
                  Way.WIREGUARD,
                  network.left(),
                  WireguardHub.RIGHT,
                  DATAGRAM_BYTES,
                  hub.programs()),
              new Road(Way.VETH, veth.client(), VethPair.SERVER, VETH_DATAGRAM_BYTES, List.of()));
      warmUp(overlay);
      for (int round = 1; round <= options.rounds(); round++) {
        for (Road road : roads) {
          for (Run run : Run.values()) {
            measure(round, road, run);
          }
        }
      }
    }
    out.println();
    out.print(new Report(samples).text());
  }

  private Road startOverlay(HubNetwork network) throws Exception {
    Child gateway =
        children.javaIn(
            network.hub(),
            "up-gateway",
            GatewayProgram.class,
            directory.resolve("up-data").toString(),
            String.valueOf(BenchNode.MTU_BYTES),
            HubNetwork.HUB);
    JsonNode door = gateway.next("tunnel", START_SECONDS);
    Child right = startNode(network.right(), "right", door);
    String server = right.next("address", START_SECONDS).get("address").asString();
    Child left = startNode(network.left(), "left", door);
    String client = left.next("address", START_SECONDS).get("address").asString();
    route(network.right(), "up-right", server, client);
    route(network.left(), "up-left", client, server);
    return new Road(
        Way.PENSTOCK, network.left(), server, DATAGRAM_BYTES, List.of(gateway, left, right));
  }

  private Child startNode(NetworkThread place, String name, JsonNode door) throws Exception {
    return children.javaIn(
        place,
        "up-" + name,
        DeviceProgram.class,
        door.get("tunnel").asString(),
        door.get("fingerprint").asString(),
        door.get("token").asString(),
        name,
        "up-" + name);
  }

  private static void route(NetworkThread place, String device, String own, String other)
      throws Exception {
    place.ip("addr add " + own + "/32 dev " + device);
    place.ip("link set " + device + " up");
    place.ip("route add " + other + "/32 dev " + device);
  }

  // ---- the figures ----

  /// Lets the JVMs compile what they run: until a gigabyte costs no less than before.
  private void warmUp(Road road) throws Exception {
    double before = Double.MAX_VALUE;
    double last = Double.MAX_VALUE / 2;
    for (int i = 0;
        i < LEAST_WARM_UPS || (i < MOST_WARM_UPS && last < WARM_UP_GAIN * before);
        i++) {
      before = last;
      double began = road.processorSeconds();
      double gigabytes = 0;
      for (Run run : Run.values()) {
        gigabytes += road.measure(run, WARM_UP_SECONDS).gbit() * WARM_UP_SECONDS / 8;
      }
      last = (road.processorSeconds() - began) / gigabytes;
      out.printf(Locale.ROOT, "warming up %s: %.1f s per GB%n", road.way().label(), last);
    }
  }

  private void measure(int round, Road road, Run run) throws Exception {
    double before = road.processorSeconds();
    Measured measured = road.measure(run, options.seconds());
    double seconds = road.processorSeconds() - before + measured.processorSeconds();
    samples.add(round, run.rate, road.way(), measured.gbit());
    if (run.lost.isPresent()) {
      samples.add(round, run.lost.get(), road.way(), measured.lostPercent());
    }
    double gigabytes = measured.gbit() * options.seconds() / 8;
    samples.add(round, run.processor, road.way(), seconds / gigabytes);
  }

  /// Ends all systems, the last started first. Repeatable.
  @Override
  public void close() {
    children.close();
  }
}
