package io.penstock.cli;

import io.penstock.node.agent.AgentStats;
import io.penstock.node.agent.AgentStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The lines that tell how an agent is doing, in the manner of the well-known tunnel tools.
///
/// @param version of the program
/// @param gateway where it connects
/// @param target the local app
/// @param warnings what the user must not overlook, one row each
record StatusBlock(String version, String gateway, String target, List<String> warnings) {

  private static final int LABEL_COLUMNS = 30;
  private static final int NUMBER_COLUMNS = 8;
  private static final int TITLE_COLUMNS = 61;

  StatusBlock {
    warnings = List.copyOf(warnings);
  }

  /// The block for this moment, each line at most `width` columns.
  List<String> lines(AgentStatus status, AgentStats stats, int width) {
    List<String> lines = new ArrayList<>();
    lines.add(pad("penstock", TITLE_COLUMNS) + "(Ctrl+C to quit)");
    lines.add("");
    lines.add(row("Session Status", session(status)));
    lines.add(row("Version", version));
    if (status instanceof AgentStatus.Online online) {
      lines.add(row("Gateway", gateway + " (" + carrier(online) + ")"));
      lines.add(row("Latency", millis(online.latency())));
      forwarding(online.urls()).forEach(url -> lines.add(row("Forwarding", url)));
      online.note().ifPresent(note -> lines.add(row("Note", note)));
    } else {
      lines.add(row("Gateway", gateway));
      lines.add(row("Forwarding", target));
    }
    warnings.forEach(warning -> lines.add(row("Warning", warning)));
    lines.add("");
    lines.add(pad("Connections", LABEL_COLUMNS) + numbers("ttl", "opn", "p50", "p90"));
    lines.add(
        " ".repeat(LABEL_COLUMNS)
            + numbers(
                Long.toString(stats.requests()),
                Long.toString(stats.open()),
                millis(stats.p50Millis()),
                millis(stats.p90Millis())));
    return lines.stream().map(line -> cut(line.stripTrailing(), width)).toList();
  }

  /// Where visitors go and what answers them; a gateway of the original kind tells no URL.
  List<String> forwarding(List<String> urls) {
    return urls.isEmpty()
        ? List.of(target)
        : urls.stream().map(url -> url + " -> " + target).toList();
  }

  /// The session in a few words.
  static String session(AgentStatus status) {
    return switch (status) {
      case AgentStatus.Connecting(var cause) ->
          cause.map(why -> "connecting (" + why + ")").orElse("connecting");
      case AgentStatus.Online _ -> "online";
      case AgentStatus.Reconnecting(String cause) ->
          cause.isEmpty() ? "reconnecting" : "reconnecting (" + cause + ")";
      case AgentStatus.Refused(String code, String _) -> "refused (" + code + ")";
      case AgentStatus.Closed _ -> "closed";
    };
  }

  private static String carrier(AgentStatus.Online online) {
    String connections = online.connections() == 1 ? " connection" : " connections";
    return online.connections() + connections + " over " + online.transport();
  }

  private static String row(String label, String value) {
    return pad(label, LABEL_COLUMNS) + value;
  }

  private static String numbers(String... cells) {
    StringBuilder line = new StringBuilder();
    for (String cell : cells) {
      line.append(pad(cell, NUMBER_COLUMNS));
    }
    return line.toString();
  }

  private static String millis(Duration duration) {
    return millis(duration.toNanos() / 1e6);
  }

  /// Three digits or so: 0.42ms, 12.3ms, 1234ms.
  private static String millis(double millis) {
    String format = millis < 10 ? "%.2fms" : millis < 100 ? "%.1fms" : "%.0fms";
    return String.format(Locale.ROOT, format, millis);
  }

  private static String pad(String text, int columns) {
    return text + " ".repeat(Math.max(1, columns - text.length()));
  }

  private static String cut(String line, int width) {
    return line.length() <= width ? line : line.substring(0, Math.max(0, width - 1)) + "…";
  }
}
