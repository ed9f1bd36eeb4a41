package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.node.up.UpReport;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Tells the user how the machine's overlay interface comes about: each step, where it is, that its
/// tunnel was lost and is back. Called by one thread at a time.
final class UpNews implements Consumer<UpReport> {

  private static final int MAX_PEERS = 10;

  private final Console console;
  private String told = "";
  private List<IpAddress> at = List.of();

  UpNews(Console console) {
    this.console = console;
  }

  @Override
  public void accept(UpReport report) {
    switch (report.state()) {
      case "up" -> up(report);
      case "down" -> {
        // The command ends with it, and says why.
      }
      default -> {
        if (!report.reason().isEmpty() && !report.reason().equals(told)) {
          console.err().println("penstock: " + report.reason() + (at.isEmpty() ? " …" : ""));
          told = report.reason();
        }
      }
    }
  }

  private void up(UpReport report) {
    boolean first = at.isEmpty();
    if (!report.addresses().equals(at) && !report.addresses().isEmpty()) {
      at = report.addresses();
      console.out().println(place(report));
    } else if (!told.isEmpty()) {
      console.err().println("penstock: the tunnel is back");
    }
    told = "";
    if (first && !at.isEmpty()) {
      console.out().println("  interface  " + report.link());
      console.out().println("  names      " + names(report));
      console.out().println("  peers      " + peers(report));
      console.err().println("penstock: Ctrl-C takes it back; penstock status shows the peers");
    }
    console.out().flush();
  }

  private static String place(UpReport report) {
    String name = report.domainName().isEmpty() ? report.name() : report.domainName();
    return name
        + " is on the overlay at "
        + report.addresses().stream().map(IpAddress::toString).collect(Collectors.joining(" and "));
  }

  private static String names(UpReport report) {
    return report.zones().isEmpty()
        ? "left alone"
        : "those of " + String.join(", ", report.zones()) + " are looked up over the overlay";
  }

  private static String peers(UpReport report) {
    List<UpReport.UpPeer> online = report.peers().stream().filter(UpReport.UpPeer::online).toList();
    if (online.isEmpty()) {
      return "none online";
    }
    String some =
        online.stream()
            .limit(MAX_PEERS)
            .map(UpReport.UpPeer::name)
            .collect(Collectors.joining(", "));
    int more = online.size() - MAX_PEERS;
    return some + (more > 0 ? " and %d more".formatted(more) : "");
  }
}
