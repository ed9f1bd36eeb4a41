package io.penstock.cli;

import io.penstock.api.NodeName;
import io.penstock.node.up.MachineNode;
import io.penstock.node.up.UpConfig;
import io.penstock.node.up.UpStatus;
import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import io.penstock.node.vpn.os.UpRights;
import io.penstock.node.vpn.os.UpRights.Right;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `penstock up`: an interface of the overlay for the whole machine.
@Command(
    name = "up",
    header = "Give this machine an interface on the overlay network.",
    description =
        "%nAll programs of this machine then reach the other nodes by address and name, and are"
            + " reached. Needs root, or the capability CAP_NET_ADMIN. Stays until Ctrl-C or"
            + " penstock down, and then takes addresses, routes and DNS back. Its token needs the"
            + " scope overlay.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  sudo penstock up --gateway gw.example.com:7443 --token-file node.token",
      "  sudo penstock up --name laptop --dns=off"
    })
final class UpCommand implements Callable<Integer> {

  private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The node's name in the network (default: the machine's).")
  private Optional<String> name = Optional.empty();

  @Option(
      names = "--dns",
      paramLabel = "auto|off",
      description =
          "Have names of the overlay looked up over it, by systemd-resolved or resolv.conf (auto,"
              + " the default), or leave names alone (off).")
  private Dns dns = Dns.AUTO;

  @Option(
      names = "--interface",
      paramLabel = "NAME",
      description = "What the interface is called (default: " + UpConfig.DEFAULT_LINK + ").")
  private String link = UpConfig.DEFAULT_LINK;

  @Mixin private UpDirectory state = new UpDirectory();

  @Mixin private GatewayChoice gateway = new GatewayChoice();

  @Mixin private LogOptions log = new LogOptions();

  UpCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    log.apply(LogOptions.LogLevel.WARN);
    String label =
        Usage.valueOf(spec, "--name", () -> NodeName.require(name.orElseGet(UpCommand::hostName)));
    GatewayAccess.Resolved resolved = gateway.resolve(console);
    UpConfig wanted =
        UpConfig.of(
                resolved.address(),
                resolved.overlayToken(),
                label,
                state.directory().toAbsolutePath(),
                TunnelProgram.command(console, resolved.trust()))
            .with(link, dns);
    UpConfig config = possible(wanted);
    if (resolved.trust() instanceof Trust.Anybody) {
      console.warn("the gateway is not verified (--insecure-skip-verify)");
    }
    try (StopSignal stop = StopSignal.listen(this::askForPatience);
        MachineNode node = MachineNode.start(config, new UpNews(console))) {
      Thread stopper = stop.whenAsked(node::stop);
      UpStatus.Down down = node.awaitDown();
      stopper.interrupt();
      if (!down.why().isEmpty()) {
        throw new Failure("this machine is not on the overlay: " + down.why());
      }
      console.err().println("penstock: down; addresses, routes and DNS are as they were");
      return 0;
    }
  }

  /// Ended at once it would leave the machine without names.
  private void askForPatience() {
    console.err().println("penstock: addresses, routes and DNS are being taken back …");
  }

  /// What this process may do of what is wanted.
  private UpConfig possible(UpConfig wanted) {
    UpRights rights = MachineNode.rights(wanted);
    List<String> needed =
        Stream.of(Right.NET_ADMIN, Right.TUN_DEVICE)
            .flatMap(right -> rights.missing(right).stream())
            .toList();
    if (!needed.isEmpty()) {
      throw new Failure(
          "an interface for the whole machine cannot be made: "
              + needed.stream().collect(Collectors.joining("; and ")),
          "sudo penstock up; or, without any rights, penstock node run --name NAME");
    }
    Optional<String> names = rights.missing(Right.DNS);
    if (names.isEmpty()) {
      return wanted;
    }
    console.warn(
        "names of the overlay cannot be set up, so this goes on with --dns=off: " + names.get());
    return wanted.with(link, Dns.OFF);
  }

  /// The first label of the machine's name, as names of nodes are written.
  private static String hostName() {
    try {
      String all = Files.readString(HOST_NAME).strip();
      return all.split("\\.", 2)[0].toLowerCase(Locale.ROOT);
    } catch (IOException _) {
      return "";
    }
  }
}
