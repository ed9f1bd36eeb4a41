package io.penstock.cli;

import io.penstock.api.IpAddress;
import io.penstock.node.local.NotRunningException;
import io.penstock.node.up.UpReport;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `penstock status`: how this machine's overlay interface is doing.
@Command(
    name = "status",
    header = "Show how this machine's overlay interface is doing, and its peers.",
    description = "%nAsks a running penstock up.",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {"  sudo penstock status", "  sudo penstock status --json"})
final class StatusCommand implements Callable<Integer> {

  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

  private final Console console;

  @Mixin private UpDirectory state = new UpDirectory();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  StatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    UpReport report;
    try {
      report = state.client("status").report();
    } catch (NotRunningException _) {
      throw new Failure("no penstock up runs here", "sudo penstock up");
    }
    if (json) {
      console.json(report);
      return 0;
    }
    console.out().println(line(report));
    if (!report.reason().isEmpty()) {
      console.out().println("  " + report.reason());
    }
    console
        .out()
        .println(
            "  interface %s through %s; names: %s"
                .formatted(
                    report.link(),
                    report.gateway(),
                    report.zones().isEmpty() ? "left alone" : String.join(", ", report.zones())));
    if (!report.peers().isEmpty()) {
      console.out().println();
      table(report.peers()).print(console.out());
    }
    return 0;
  }

  private static String line(UpReport report) {
    String name = report.domainName().isEmpty() ? report.name() : report.domainName();
    String at = addresses(report.addresses());
    return name + ": " + report.state() + (report.addresses().isEmpty() ? "" : " at " + at);
  }

  private static Table table(List<UpReport.UpPeer> peers) {
    Table table = new Table("NAME", "ADDRESSES", "LAST HANDSHAKE", "PATH", "RX", "TX");
    Instant now = Instant.now();
    for (UpReport.UpPeer peer : peers) {
      table.row(
          peer.name(),
          addresses(peer.addresses()),
          ago(peer.lastHandshake(), now),
          peer.path().isEmpty() ? "-" : peer.path(),
          bytes(peer.rxBytes()),
          bytes(peer.txBytes()));
    }
    return table;
  }

  private static String addresses(List<IpAddress> addresses) {
    return addresses.isEmpty()
        ? "-"
        : addresses.stream().map(IpAddress::toString).collect(Collectors.joining(" "));
  }

  /// Some three digits, which is what a person compares.
  private static String bytes(long count) {
    double value = count;
    int unit = 0;
    while (value >= 1000 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    String form = unit == 0 || value >= 100 ? "%.0f %s" : value >= 10 ? "%.1f %s" : "%.2f %s";
    return String.format(Locale.ROOT, form, value, UNITS[unit]);
  }

  private static String ago(Optional<Instant> then, Instant now) {
    if (then.isEmpty()) {
      return "-";
    }
    Duration age = Duration.between(then.get(), now);
    long seconds = Math.max(0, age.toSeconds());
    if (seconds < 120) {
      return seconds + " s ago";
    }
    return seconds < 7200 ? seconds / 60 + " min ago" : seconds / 3600 + " h ago";
  }
}
