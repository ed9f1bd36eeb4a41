package io.penstock.cli;

import io.penstock.node.local.NotRunningException;
import io.penstock.node.up.MachineNode;
import io.penstock.node.up.UpClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `penstock down`: the end of `penstock up`, and of what a killed one has left.
@Command(
    name = "down",
    header = "Take this machine's overlay interface back.",
    description =
        "%nEnds a running penstock up and waits until addresses, routes and DNS are as they were."
            + " Where none runs, it takes back what one that was killed has left.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  sudo penstock down"})
final class DownCommand implements Callable<Integer> {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Console console;

  @Mixin private UpDirectory state = new UpDirectory();

  DownCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    UpClient client = state.client("down");
    boolean ran = stop(client);
    if (ran && !client.awaitGone(LIMIT)) {
      throw new Failure(
          "penstock up was told to end and has not within %d s".formatted(LIMIT.toSeconds()),
          "penstock status, then penstock down once more");
    }
    List<String> undone = MachineNode.undo(client.state());
    undone.forEach(line -> console.out().println(line));
    console
        .out()
        .println(
            ran || !undone.isEmpty()
                ? "down; addresses, routes and DNS are as they were"
                : "nothing is up");
    return 0;
  }

  private static boolean stop(UpClient client) throws IOException {
    try {
      client.down();
      return true;
    } catch (NotRunningException _) {
      return false;
    }
  }
}
