package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.api.NodeName;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeStatus;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `penstock node run`: a node of the overlay in this process, with a local API for the other
/// commands.
@Command(
    name = "run",
    header = "Run a node of the overlay network here, without root.",
    description =
        "%nJoins the network under a name and stays until Ctrl-C. The node keeps who it is and what"
            + " it serves in its state directory, and takes the commands penstock serve, dial and"
            + " peers from this user. Its token needs the scope overlay.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  penstock node run --name web",
      "  penstock node run --name db --state /var/lib/db --gateway gw.example.com:7443 \\",
      "      --fingerprint sha256:… --token-file node.token"
    })
final class NodeRunCommand implements Callable<Integer> {

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

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
      names = "--address",
      paramLabel = "ADDRESS",
      description = "An address to ask for; repeatable, one of each version (default: any).")
  private List<IpAddress> addresses = List.of();

  @Mixin private GatewayChoice gateway = new GatewayChoice();

  @Mixin private LogOptions log = new LogOptions();

  NodeRunCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    log.apply(LogOptions.LogLevel.WARN);
    String label = Usage.valueOf(spec, "--name", () -> NodeName.require(name));
    GatewayAccess.Resolved resolved = gateway.resolve(console);
    String token = resolved.overlayToken();
    Path directory = state.orElseGet(() -> UserFiles.nodes(console).resolve(label));
    NodeConfig config =
        Usage.valueOf(
            spec,
            "the node",
            () ->
                NodeConfig.builder(resolved.address().toString(), label)
                    .trust(resolved.trust())
                    .token(token)
                    .state(directory)
                    .addresses(addresses)
                    .build());
    if (resolved.trust() instanceof Trust.Anybody) {
      console.warn("the gateway is not verified (--insecure-skip-verify)");
    }
    try (StopSignal stop = StopSignal.listen();
        Node node = Node.start(config)) {
      return run(node, resolved, stop);
    }
  }

  private int run(Node node, GatewayAccess.Resolved resolved, StopSignal stop)
      throws IOException, InterruptedException {
    NodeNews news = new NodeNews(console, node);
    console
        .err()
        .println("penstock: joining the overlay of " + resolved.address() + " as " + name + " …");
    try (AutoCloseable _ = node.onStatus(news);
        var _ = node.localApi()) {
      news.accept(node.status());
      Thread stopper = stop.whenAsked(node::close);
      NodeStatus.Stopped end = node.awaitStopped();
      stopper.interrupt();
      if (!end.code().equals(NodeStatus.CLOSED)) {
        throw new Failure("the node has ended: " + end.message());
      }
      return 0;
    } catch (IOException | InterruptedException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
