package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.api.NodeInfo;
import io.penstock.api.client.AdminClient;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `penstock node`: shows the nodes of a gateway's overlay, and disconnects or forgets one.
@Command(
    name = "node",
    header = "Run a node of the overlay; show those of a gateway, or disconnect one.",
    description = NodeCommand.OVERLAY,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  penstock node run --name web", "  penstock node list", "  penstock node kick db"})
final class NodeCommand implements Runnable {

  /// What these commands are about.
  static final String OVERLAY =
      "%nThe overlay is the private network of a gateway, on unless penstock gateway --overlay off"
          + " says otherwise. A node comes with a token of the scope overlay, as penstock node run"
          + " and penstock ping do.";

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  NodeCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  @Command(
      name = "list",
      header = "List all nodes, also those that are not connected.",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {"  penstock node list", "  penstock node list --json"})
  void list(
      @Mixin AdminAccess admin, @Option(names = "--json", description = "Print JSON.") boolean json)
      throws IOException {
    List<NodeInfo> nodes;
    try (AdminClient client = admin.connect(console)) {
      nodes = client.nodes();
    }
    if (json) {
      console.json(nodes);
      return;
    }
    Table table = new Table("NAME", "USER", "ONLINE", "SEEN", "ADDRESSES", "ID");
    for (NodeInfo node : nodes) {
      table.row(
          node.name(),
          node.user(),
          node.online() ? "yes" : "no",
          TokenCommand.time(node.seen()),
          node.addresses().isEmpty()
              ? "-"
              : node.addresses().stream().map(IpAddress::toString).collect(Collectors.joining(" ")),
          node.id().toString());
    }
    table.print(console.out());
    if (nodes.isEmpty()) {
      console
          .err()
          .println("No nodes yet; let one in: penstock token create --user USER --scope overlay");
    }
  }

  @Command(
      name = "kick",
      header = "Disconnect a node; it may connect again, and keeps its addresses for a while.",
      parameterListHeading = "%n",
      optionListHeading = "%nOptions:%n",
      footerHeading = "%nExamples:%n",
      footer = {
        "  penstock node kick db",
        "  penstock node kick db --forget      frees its name and addresses, also of a lost key"
      })
  void kick(
      @Mixin AdminAccess admin,
      @Parameters(paramLabel = "NODE", description = "The node's name or id.") String node,
      @Option(
              names = "--forget",
              description = "Forget its id, name, key and addresses, also if it is not connected.")
          boolean forget)
      throws IOException {
    try (AdminClient client = admin.connect(console)) {
      if (forget) {
        client.forgetNode(node);
      } else {
        client.kickNode(node);
      }
    }
    console.err().println((forget ? "Forgot " : "Disconnected ") + node + ".");
  }
}
