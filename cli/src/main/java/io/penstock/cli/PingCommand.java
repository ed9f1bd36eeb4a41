package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.client.PeerClient;
import io.penstock.node.ping.NodeLookup;
import io.penstock.node.ping.PingRequest;
import io.penstock.node.ping.PingSeries;
import io.penstock.node.ping.PingStatistics;
import io.penstock.node.ping.Pinger;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.transport.tls.ClientTls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock ping`: joins the overlay network as a tiny node and pings another one.
@Command(
    name = "ping",
    header = "Ping a node of the overlay network.",
    description =
        "%nJoins the network as a node of its own, without root, and sends ICMP echo requests"
            + " through the gateway. Its token needs the scope overlay. A gateway answers to the"
            + " name gateway. Ends with 0 if there was an answer and 1 if there was none.",
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock ping gateway",
      "  penstock ping db",
      "  penstock ping db.penstock.internal -c 4 -6",
      "  penstock ping 10.86.0.9 --size 1200 --gateway gw.example.com:7443 --token-file ann.token"
    })
final class PingCommand implements Callable<Integer> {

  /// To check the other settings by, before anything is dialled.
  private static final IpAddress SOMEBODY = IpAddress.parse("192.0.2.1");

  /// Path-MTU discovery takes a few round trips, and its result is looked at each second.
  private static final Duration PATH_LIMIT = Duration.ofSeconds(3);

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "NODE", description = "A node's name, or an address.")
  private String node = "";

  @Option(
      names = {"-c", "--count"},
      paramLabel = "N",
      description = "End after this many (default: only with Ctrl-C).")
  private long count = Long.MAX_VALUE;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "TIME",
      description = "From one to the next, such as 200ms (default: 1s).")
  private Duration interval = Duration.ofSeconds(1);

  @Option(
      names = {"-s", "--size"},
      paramLabel = "BYTES",
      description = "Data of each (default: ${DEFAULT-VALUE}).")
  private int size = PingRequest.DEFAULT_DATA_BYTES;

  @Option(
      names = {"-t", "--ttl"},
      paramLabel = "N",
      description = "Routers on the way at most (default: ${DEFAULT-VALUE}).")
  private int hopLimit = PingRequest.DEFAULT_HOP_LIMIT;

  @Option(
      names = {"-W", "--timeout"},
      paramLabel = "TIME",
      description = "How long to wait for each answer (default: 2s).")
  private Duration timeout = PingRequest.DEFAULT_TIMEOUT;

  @ArgGroup private Families families = new Families();

  /// Which of a node's addresses is meant.
  static final class Families {
    @Option(names = "-4", description = "The node's IPv4 address (default: whichever there is).")
    private boolean only4;

    @Option(names = "-6", description = "The node's IPv6 address.")
    private boolean only6;
  }

  @Mixin private GatewayChoice gateway = new GatewayChoice();

  @Option(names = "--json", description = "Print JSON, one object to a line.")
  private boolean json;

  @Mixin private LogOptions log = new LogOptions();

  PingCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    log.apply(LogOptions.LogLevel.WARN);
    NodeLookup lookup = Usage.valueOf(spec, "NODE", () -> NodeLookup.parse(node));
    var _ = Usage.valueOf(spec, "the ping", () -> request(SOMEBODY));
    if (count < 1 || interval.compareTo(Duration.ofMillis(1)) < 0) {
      throw new ParameterException(
          spec.commandLine(), "--count and --interval: allowed is 1 or more, and 1ms or more");
    }
    GatewayAccess.Resolved resolved = gateway.resolve(console);
    String token = resolved.overlayToken();
    TunnelNews news = new TunnelNews(console);
    try (PingNode joined = PingNode.join(console, resolved, token, news)) {
      return ping(joined.tunnel(), news, find(lookup, joined.tunnel(), resolved, token));
    }
  }

  private NodeLookup.Found find(
      NodeLookup lookup, PacketTunnel tunnel, GatewayAccess.Resolved resolved, String token)
      throws IOException {
    try (PeerClient client =
        new PeerClient(resolved.address(), ClientTls.jdkContext(resolved.trust()), token)) {
      NodeLookup.Found found =
          lookup.in(tunnel.network().orElseThrow(), families(tunnel), client::peers);
      if (!found.online()) {
        console.warn(node + " has no tunnel right now");
      }
      return found;
    }
  }

  private int ping(PacketTunnel tunnel, TunnelNews news, NodeLookup.Found target)
      throws InterruptedException {
    PingRequest request = request(target.address());
    PingReport report = new PingReport(console, json, node, request);
    // What still does not fit then is told for each ping.
    var _ = tunnel.awaitMtu(request.packetBytes(), PATH_LIMIT);
    try (Pinger pinger = Pinger.on(tunnel);
        StopSignal stop = StopSignal.listen()) {
      PingSeries series = new PingSeries(pinger, request, count, interval);
      Thread stopper = stop.whenAsked(series::stop);
      tunnel.addresses().stream()
          .filter(own -> own.family() == target.address().family())
          .findFirst()
          .ifPresent(report::begin);
      news.onStop(series::stop);
      PingStatistics statistics = series.run(report::result);
      stopper.interrupt();
      report.end(statistics);
      Optional<String> ended = news.end();
      if (ended.isPresent()) {
        throw new Failure("the tunnel has ended: " + ended.get());
      }
      return statistics.received() > 0 ? 0 : 1;
    }
  }

  private PingRequest request(IpAddress target) {
    return new PingRequest(target, size, hopLimit, timeout);
  }

  /// What both the user and this node's own addresses allow.
  private List<IpFamily> families(PacketTunnel tunnel) {
    if (families.only4 || families.only6) {
      return List.of(families.only4 ? IpFamily.IPV4 : IpFamily.IPV6);
    }
    return tunnel.addresses().stream().map(IpAddress::family).toList();
  }
}
