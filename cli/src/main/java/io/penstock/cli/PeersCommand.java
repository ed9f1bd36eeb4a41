package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.api.NodeReport;
import io.penstock.api.PeerInfo;
import io.penstock.node.local.LocalClient;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock peers`: who else is on the overlay, as a node of this machine knows it.
@Command(
    name = "peers",
    header = "List the nodes that a node of this machine may know of.",
    description = "%nAsks a node that runs here, see penstock node run.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  penstock peers", "  penstock peers --node web --json"})
final class PeersCommand implements Callable<Integer> {

  private final Console console;

  @Mixin private NodeChoice node = new NodeChoice();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  PeersCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    LocalClient client = node.resolve(console);
    List<PeerInfo> peers = client.peers();
    if (json) {
      console.json(peers);
      return 0;
    }
    Table table = new Table("NAME", "USER", "ONLINE", "ADDRESSES");
    for (PeerInfo peer : peers) {
      table.row(
          peer.name(),
          peer.user(),
          peer.online() ? "yes" : "no",
          peer.addresses().isEmpty()
              ? "-"
              : peer.addresses().stream()
                  .map(IpAddress::toString)
                  .collect(Collectors.joining(" ")));
    }
    table.print(console.out());
    NodeReport report = client.node();
    if (report.addresses().isEmpty()) {
      console
          .err()
          .println(
              "penstock: the node has not joined its network yet, and knows of nobody"
                  + (report.reason().isEmpty() ? "" : ": " + report.reason()));
      return ExitCode.SOFTWARE;
    }
    return 0;
  }
}
