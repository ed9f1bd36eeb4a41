package io.penstock.cli;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.NodeName;
import io.penstock.node.vpn.LogForwardAppender;
import io.penstock.node.vpn.VpnTunnel;
import io.penstock.node.vpn.VpnTunnelConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.PipeChannel;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `penstock tunnel`: the tunnel role of codervpn for any manager.
@Command(
    name = "tunnel",
    header = "Be the tunnel of a codervpn manager.",
    description =
        "%nA manager, such as penstock up or a desktop program, starts a node here, watches and"
            + " stops it over standard input and output or a Unix socket. The gateway and the token"
            + " come from the manager. Nothing but the protocol is written to standard output.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock tunnel --stdio --name laptop --tun none",
      "  penstock tunnel --socket /run/manager.sock --name laptop --tun penstock0"
    })
final class TunnelCommand implements Callable<Integer> {

  private static final Duration LOOPS_LIMIT = Duration.ofSeconds(5);

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @ArgGroup(multiplicity = "1")
  private Way way = new Way();

  /// How the manager is reached.
  static final class Way {
    @Option(names = "--stdio", description = "Speak over standard input and output.")
    private boolean stdio;

    @Option(
        names = "--socket",
        paramLabel = "PATH",
        description = "Connect to the Unix socket on which the manager listens.")
    private Optional<Path> socket = Optional.empty();
  }

  @Option(
      names = "--name",
      paramLabel = "NAME",
      required = true,
      description = "The node's name in the network.")
  private String name = "";

  @Option(
      names = "--state",
      paramLabel = "DIR",
      description = "Where the node keeps itself (default: ~/.local/state/penstock/nodes/NAME).")
  private Optional<Path> state = Optional.empty();

  @Option(
      names = "--fd-socket",
      paramLabel = "PATH",
      description =
          "Listen on this Unix socket for a manager that hands a TUN device over; whatever number"
              + " it says in a start is not looked at then.")
  private Optional<Path> handover = Optional.empty();

  @Option(
      names = "--tun",
      paramLabel = "auto|NAME|none",
      description =
          "Where packets go when the manager gives no TUN device: to one that is opened here, under"
              + " the first free name or this one, or to a stack in this process (default: auto).")
  private String tun = TunChoice.AUTO;

  @ArgGroup private GatewayTrust trust = new GatewayTrust();

  @Mixin private LogOptions log = new LogOptions();

  TunnelCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    log.apply(LogOptions.LogLevel.INFO);
    String label = Usage.valueOf(spec, "--name", () -> NodeName.require(name));
    TunChoice choice = Usage.valueOf(spec, "--tun", () -> TunChoice.of(tun));
    Trust known = trust.resolve(console, GatewayAccess.remembered(console));
    Path directory = state.orElseGet(() -> UserFiles.nodes(console).resolve(label));
    VpnTunnelConfig.Builder config =
        VpnTunnelConfig.builder(label).node(node -> node.trust(known).state(directory));
    MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "penstock-manager");
    try {
      if (handover.isEmpty()) {
        return run(loops, config.devices(choice).build());
      }
      try (HandedDevice devices = HandedDevice.on(loops.next(), handover.get())) {
        return run(loops, config.devices(devices).build());
      }
    } finally {
      NativeSupport.endEventLoops(loops, LOOPS_LIMIT).awaitUninterruptibly();
    }
  }

  private int run(MultiThreadIoEventLoopGroup loops, VpnTunnelConfig config)
      throws IOException, InterruptedException {
    try (StopSignal stop = StopSignal.listen();
        VpnTunnel tunnel = new VpnTunnel(config);
        var _ = LogForwardAppender.attach(tunnel.logs())) {
      connect(loops, tunnel.handler());
      Thread stopper = stop.whenAsked(tunnel::close);
      SpeakerEnd end = ended(tunnel);
      stopper.interrupt();
      if (!end.graceful()) {
        throw new Failure("the manager is lost: " + end.logText());
      }
      return 0;
    }
  }

  private void connect(MultiThreadIoEventLoopGroup loops, ChannelHandler handler)
      throws IOException {
    if (way.stdio) {
      var _ = PipeChannel.open(console.in(), console.bytes(), loops.next(), handler);
      return;
    }
    Path path = way.socket.orElseThrow();
    ChannelFuture connected =
        new Bootstrap()
            .group(loops)
            .channel(NativeSupport.unixSocketChannel())
            .handler(handler)
            .connect(NativeSupport.unixAddress(UnixDomainSocketAddress.of(path)))
            .awaitUninterruptibly();
    if (!connected.isSuccess()) {
      throw new Failure(
          "cannot connect to the manager at %s: %s".formatted(path, connected.cause().getMessage()),
          "start the manager first, as it is the one that listens");
    }
  }

  private static SpeakerEnd ended(VpnTunnel tunnel) throws IOException, InterruptedException {
    try {
      return tunnel.ended().toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }
}
