package io.penstock.cli;

import io.penstock.node.local.LocalClient;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock serve status`: what a node of this machine serves now.
@Command(
    name = "status",
    header = "Show what is served now, in the background and by commands that run.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  penstock serve status", "  penstock serve status --json"})
final class ServeStatusCommand implements Callable<Integer> {

  private final Console console;

  @Option(names = "--json", description = "Print the config as JSON, with its Foreground.")
  private boolean json;

  @Mixin private NodeChoice node = new NodeChoice();

  ServeStatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    LocalClient client = node.resolve(console);
    if (json) {
      console.out().println(ServeEdit.served(client).config().toIndentedJson());
    } else {
      ServeReport.printServed(console, client);
    }
    return 0;
  }
}
