package io.penstock.it.bench;

import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// The tables at the end of a run: what was measured, and how it stands to what is to be reached.
final class Report {

  private static final double REQUESTS_FACTOR = 1.5;
  private static final double DOWNLOAD_GBIT = 4;
  private static final double SPLICE_SHARE = 0.5;
  private static final double PAUSED_FACTOR = 3;
  private static final double HEAP_KIB = 60;
  private static final double PACKETS_FACTOR = 0.8;
  private static final double TUNNEL_KIB = 40;
  private static final double TUN_GBIT = 1.8;
  private static final double TUN_OFFLOAD_GBIT = 4;
  private static final double STREAM_GBIT = 4;
  private static final double ENGINE_CONNECTIONS = 40_000;
  private static final double CHANNEL_CONNECTIONS = 20_000;
  private static final double ENGINE_KIB = 1;
  private static final double CHANNEL_KIB = 3;
  private static final double CALL_P99_MICROS = 1000;
  private static final double WIREGUARD_SHARE = 0.5;
  private static final double NODES_GBIT = 1;
  private static final double NODES_NIO_GBIT = 0.3;
  private static final double SET_MILLIS = 100;

  private final Samples samples;

  Report(Samples samples) {
    this.samples = samples;
  }

  /// A ratio and what it is to be.
  ///
  /// @param atMost whether less is better
  private record Check(String what, double is, String unit, double bound, boolean atMost) {

    String line() {
      boolean reached = atMost ? is <= bound : is >= bound;
      return String.format(
          Locale.ROOT,
          "%s %-62s %8.2f%-7s %s %.2f%s",
          reached ? "✓" : "✗",
          what,
          is,
          unit,
          atMost ? "at most" : "at least",
          bound,
          unit);
    }
  }

  String text() {
    StringBuilder out = new StringBuilder();
    table(out);
    out.append('\n');
    for (Check check : checks()) {
      out.append(check.line()).append('\n');
    }
    ratios(out);
    return out.toString();
  }

  private void table(StringBuilder out) {
    out.append(String.format(Locale.ROOT, "%-36s", "median"));
    List<Way> ways = Arrays.stream(Way.values()).filter(samples::has).toList();
    for (Way way : ways) {
      out.append(String.format(Locale.ROOT, "%13s", way.label()));
    }
    out.append('\n');
    for (Figure figure : Figure.values()) {
      if (!samples.has(figure)) {
        continue;
      }
      out.append(String.format(Locale.ROOT, "%-36s", figure.label()));
      for (Way way : ways) {
        double value = samples.median(figure, way);
        String cell =
            Double.isNaN(value) ? "-" : String.format(Locale.ROOT, figure.format(), value);
        out.append(String.format(Locale.ROOT, "%13s", cell));
      }
      out.append('\n');
    }
  }

  private List<Check> checks() {
    if (samples.has(Way.NODES)) {
      return nodeChecks();
    }
    List<Check> checks = new ArrayList<>();
    if (samples.has(Figure.REQUESTS)) {
      checks.add(
          new Check(
              "requests/s, of the Go pair's",
              ours(Figure.REQUESTS) / of(Figure.REQUESTS, Way.GO),
              " x",
              REQUESTS_FACTOR,
              false));
      checks.add(
          new Check(
              "p99 at 64 connections, of the Go pair's",
              ours(Figure.P99) / of(Figure.P99, Way.GO),
              " x",
              1,
              true));
    }
    if (samples.has(Figure.DOWN_1)) {
      checks.add(
          new Check(
              "one-stream download, against half of the splice or 4 Gbit/s",
              ours(Figure.DOWN_1),
              " Gbit/s",
              Math.min(DOWNLOAD_GBIT, SPLICE_SHARE * of(Figure.DOWN_1, Way.SPLICE)),
              false));
    }
    if (samples.has(Figure.PAUSED_P99)) {
      checks.add(
          new Check(
              "small GET's p99 beside a paused download, of its idle p99",
              ours(Figure.PAUSED_P99) / ours(Figure.IDLE_P99),
              " x",
              PAUSED_FACTOR,
              true));
    }
    if (samples.has(Figure.HEAP_KIB)) {
      checks.add(
          new Check(
              "heap of the gateway per idle agent", ours(Figure.HEAP_KIB), " KiB", HEAP_KIB, true));
    }
    if (samples.has(Figure.PACKETS)) {
      checks.addAll(packetChecks());
    }
    if (samples.has(Figure.FROM_KERNEL)) {
      checks.addAll(kernelChecks());
    }
    if (samples.has(Figure.STREAM_1500)) {
      checks.addAll(stackChecks());
    }
    if (samples.has(Figure.MACHINE_TCP_UP)) {
      checks.addAll(machineChecks());
    }
    if (samples.has(Figure.CALL_P99)) {
      checks.add(
          new Check(
              "p99 of a codervpn call over a Unix socket",
              ours(Figure.CALL_P99),
              " µs",
              CALL_P99_MICROS,
              true));
    }
    return checks;
  }

  private List<Check> kernelChecks() {
    List<Check> checks = new ArrayList<>();
    for (Figure figure : List.of(Figure.FROM_KERNEL, Figure.TO_KERNEL)) {
      String what = figure.label().replace(", Gbit/s", "");
      checks.add(new Check(what + " over TUN", of(figure, Way.TUN), " Gbit/s", TUN_GBIT, false));
      checks.add(
          new Check(
              what + " with offload",
              of(figure, Way.TUN_OFFLOAD),
              " Gbit/s",
              TUN_OFFLOAD_GBIT,
              false));
    }
    return checks;
  }

  private List<Check> machineChecks() {
    return List.of(Figure.MACHINE_TCP_UP, Figure.MACHINE_TCP_DOWN).stream()
        .map(
            figure ->
                new Check(
                    figure.label().replace(", Gbit/s", ", of wireguard-go's"),
                    ours(figure) / of(figure, Way.WIREGUARD),
                    " x",
                    WIREGUARD_SHARE,
                    false))
        .toList();
  }

  private List<Check> stackChecks() {
    return List.of(
        new Check(
            "stack to stack in memory, MTU 1500",
            of(Figure.STREAM_1500, Way.ENGINE),
            " Gbit/s",
            STREAM_GBIT,
            false),
        new Check(
            "connections opened and closed, engine",
            of(Figure.CHURN, Way.ENGINE),
            "/s",
            ENGINE_CONNECTIONS,
            false),
        new Check(
            "connections opened and closed, through channels",
            of(Figure.CHURN, Way.CHANNELS),
            "/s",
            CHANNEL_CONNECTIONS,
            false),
        new Check(
            "heap per idle connection and end, engine",
            of(Figure.ENDPOINT_KIB, Way.ENGINE),
            " KiB",
            ENGINE_KIB,
            true),
        new Check(
            "heap per idle connection and end, with its channel",
            of(Figure.ENDPOINT_KIB, Way.CHANNELS),
            " KiB",
            CHANNEL_KIB,
            true));
  }

  private List<Check> nodeChecks() {
    List<Check> checks = new ArrayList<>();
    for (Figure figure : List.of(Figure.DOWN_1, Figure.UP_1)) {
      String what = figure.label().replace(", Gbit/s", " from node to node");
      checks.add(new Check(what, of(figure, Way.NODES), " Gbit/s", NODES_GBIT, false));
      checks.add(
          new Check(
              what + ", plain NIO", of(figure, Way.NODES_NIO), " Gbit/s", NODES_NIO_GBIT, false));
    }
    for (Figure figure : List.of(Figure.SET_CHANGED, Figure.SET_ADDED, Figure.SET_REMOVED)) {
      String what = figure.label().replace(", ms", " beside 1,000 connections");
      checks.add(new Check(what, of(figure, Way.NODES), " ms", SET_MILLIS, true));
    }
    checks.add(
        new Check("connections broken by it, of 1,000", of(Figure.BROKEN, Way.NODES), "", 0, true));
    return checks;
  }

  /// What has no bound.
  private void ratios(StringBuilder out) {
    if (samples.has(Way.NODES)) {
      for (Figure figure : List.of(Figure.DOWN_1, Figure.UP_1, Figure.REQUESTS)) {
        out.append(
            String.format(
                Locale.ROOT,
                "  %-62s %8.3f x%n",
                figure.label() + ", of direct",
                of(figure, Way.NODES) / of(figure, Way.DIRECT)));
      }
    }
    if (samples.has(Figure.MACHINE_TCP_UP)) {
      machineRatios(out);
    }
    for (Figure figure : List.of(Figure.FROM_KERNEL, Figure.TO_KERNEL)) {
      for (Way way : List.of(Way.TUN, Way.TUN_OFFLOAD)) {
        if (samples.has(figure)) {
          out.append(
              String.format(
                  Locale.ROOT,
                  "  %-62s %8.2f x%n",
                  figure.label().replace("Gbit/s", way.label() + ", of veth's"),
                  of(figure, way) / of(figure, Way.VETH)));
        }
      }
    }
  }

  private void machineRatios(StringBuilder out) {
    for (Figure figure :
        List.of(
            Figure.MACHINE_UDP_UP,
            Figure.MACHINE_UDP_DOWN,
            Figure.MACHINE_TCP_UP_PROCESSOR,
            Figure.MACHINE_TCP_DOWN_PROCESSOR)) {
      out.append(
          String.format(
              Locale.ROOT,
              "  %-62s %8.2f x%n",
              figure.label().strip().replace(", Gbit/s", "")
                  + (figure == Figure.MACHINE_TCP_UP_PROCESSOR ? ", TCP up" : "")
                  + (figure == Figure.MACHINE_TCP_DOWN_PROCESSOR ? ", TCP down" : "")
                  + ", of wireguard-go's",
              ours(figure) / of(figure, Way.WIREGUARD)));
    }
    for (Figure figure : List.of(Figure.MACHINE_TCP_UP, Figure.MACHINE_TCP_DOWN)) {
      out.append(
          String.format(
              Locale.ROOT,
              "  %-62s %8.3f x%n",
              figure.label().replace(", Gbit/s", ", of veth's"),
              ours(figure) / of(figure, Way.VETH)));
    }
  }

  private List<Check> packetChecks() {
    double bare = ours(Figure.BARE_KIB);
    return List.of(
        new Check(
            "datagrams/s of our pair, of the Rust pair's",
            ours(Figure.PACKETS) / of(Figure.PACKETS, Way.RUST),
            " x",
            PACKETS_FACTOR,
            false),
        new Check(
            "datagrams/s through the router, of the Rust pair's",
            of(Figure.PACKETS, Way.ROUTER) / of(Figure.PACKETS, Way.RUST),
            " x",
            PACKETS_FACTOR,
            false),
        new Check(
            "processor time per datagram, both ends, of the Rust pair's",
            processor(Way.PENSTOCK) / processor(Way.RUST),
            " x",
            1 / PACKETS_FACTOR,
            true),
        new Check(
            "heap per idle tunnel beyond QUIC's own",
            ours(Figure.TUNNEL_KIB) - bare,
            " KiB",
            TUNNEL_KIB,
            true),
        new Check(
            "heap of the gateway per idle tunnel beyond QUIC's own",
            of(Figure.TUNNEL_KIB, Way.ROUTER) - bare,
            " KiB",
            TUNNEL_KIB,
            true));
  }

  private double processor(Way way) {
    return of(Figure.SERVER_PROCESSOR, way) + of(Figure.CLIENT_PROCESSOR, way);
  }

  private double ours(Figure figure) {
    return of(figure, Way.PENSTOCK);
  }

  private double of(Figure figure, Way way) {
    return samples.median(figure, way);
  }
}
