package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.node.Node;
import io.penstock.node.NodeStatus;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Tells the user how a running node is doing: that it has joined and where, that its link was lost
/// and why, that it is back; the same is not said twice. Called by several threads.
final class NodeNews implements Consumer<NodeStatus> {

  private final Console console;
  private final Node node;
  private String told = "";
  private List<IpAddress> at = List.of();

  NodeNews(Console console, Node node) {
    this.console = console;
    this.node = node;
  }

  @Override
  public synchronized void accept(NodeStatus status) {
    switch (status) {
      case NodeStatus.Starting(String why) -> say(why.isEmpty() ? "" : "not joined yet: " + why);
      case NodeStatus.Running(var addresses, _) -> running(addresses);
      case NodeStatus.Degraded(String why, Duration wait, _) -> {
        if (!wait.isZero()) {
          say("the link was lost: " + why, retry(wait));
        }
      }
      case NodeStatus.Stopped _ -> {
        // The command ends with it, and says why.
      }
    }
  }

  private void running(List<IpAddress> addresses) {
    if (at.isEmpty()) {
      console.out().println(line(addresses));
      console
          .err()
          .println("penstock: Ctrl-C ends the node; to serve on it, try: penstock serve 3000");
    } else if (!addresses.equals(at)) {
      console.out().println(line(addresses));
    } else if (!told.isEmpty()) {
      console.err().println("penstock: the link is back");
    }
    at = addresses;
    told = "";
  }

  private String line(List<IpAddress> addresses) {
    return node.domainName().orElse(node.name())
        + " is on the overlay at "
        + addresses.stream().map(IpAddress::toString).collect(Collectors.joining(" and "));
  }

  private static String retry(Duration wait) {
    return String.format(Locale.ROOT, "; trying again in %.1f s", wait.toMillis() / 1e3);
  }

  private void say(String what) {
    say(what, "");
  }

  private void say(String what, String more) {
    if (!what.isEmpty() && !what.equals(told)) {
      console.err().println("penstock: " + what + more);
      told = what;
    }
  }
}
