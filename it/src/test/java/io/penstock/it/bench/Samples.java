package io.penstock.it.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What was measured: for each figure and each system one value per round.
final class Samples {

  /// One of the things measured.
  enum Figure {
    REQUESTS("requests/s, 64 connections, 1 KiB", "%,.0f"),
    P50("  p50 µs", "%,.0f"),
    P99("  p99 µs", "%,.0f"),
    PROCESSOR("  processor µs per request", "%,.0f"),
    DOWN_1("1 stream down, Gbit/s", "%.2f"),
    DOWN_PROCESSOR("  processor s per GB", "%.2f"),
    DOWN_16("16 streams down, Gbit/s", "%.2f"),
    UP_1("1 stream up, Gbit/s", "%.2f"),
    UP_PROCESSOR("  processor s per GB", "%.2f"),
    UP_16("16 streams up, Gbit/s", "%.2f"),
    IDLE_P99("small GET, p99 µs", "%,.0f"),
    PAUSED_P99("  beside a paused 1 GiB download", "%,.0f"),
    RESIDENT_MIB("resident MiB with the idle agents", "%,.0f"),
    HEAP_KIB("heap KiB per idle agent", "%.1f"),
    PACKETS("datagrams/s of 1,200 bytes", "%,.0f"),
    GBIT("  Gbit/s", "%.2f"),
    SERVER_PROCESSOR("  processor µs of the server, each", "%.2f"),
    CLIENT_PROCESSOR("  processor µs of the client, each", "%.2f"),
    LOST("  lost of 1,000", "%.1f"),
    PING_P50("64-byte ping, no load, p50 µs", "%,.0f"),
    PING_P99("  p99 µs", "%,.0f"),
    LOADED_P50("64-byte ping, half load, p50 µs", "%,.0f"),
    LOADED_P99("  p99 µs", "%,.0f"),
    TUNNELS("tunnels established/s", "%,.0f"),
    TUNNEL_PROCESSOR("  processor ms of the server, each", "%.2f"),
    TUNNELS_MIB("resident MiB with the idle tunnels", "%,.0f"),
    TUNNEL_KIB("heap KiB per idle tunnel", "%.1f"),
    BARE_KIB("  of these QUIC's own", "%.1f"),
    FROM_KERNEL("1 stream from the kernel, Gbit/s", "%.2f"),
    FROM_KERNEL_PROCESSOR("  processor s of the stack per GB", "%.2f"),
    TO_KERNEL("1 stream to the kernel, Gbit/s", "%.2f"),
    TO_KERNEL_PROCESSOR("  processor s of the stack per GB", "%.2f"),
    STREAM_1500("1 stream, MTU 1500, Gbit/s", "%.2f"),
    STREAM_1500_PROCESSOR("  processor s per GB", "%.2f"),
    STREAM_1280("1 stream, MTU 1280, Gbit/s", "%.2f"),
    STREAM_1280_PROCESSOR("  processor s per GB", "%.2f"),
    STREAM_65535("1 stream, MTU 65535, Gbit/s", "%.2f"),
    STREAM_65535_PROCESSOR("  processor s per GB", "%.2f"),
    CHURN("connections opened and closed/s", "%,.0f"),
    CHURN_PROCESSOR("  processor µs of both ends, each", "%.1f"),
    ENDPOINT_KIB("heap KiB per idle connection and end", "%.2f"),
    MACHINE_TCP_UP("1 TCP stream up, Gbit/s", "%.3f"),
    MACHINE_TCP_UP_PROCESSOR("  processor s per GB", "%.2f"),
    MACHINE_TCP_DOWN("1 TCP stream down, Gbit/s", "%.3f"),
    MACHINE_TCP_DOWN_PROCESSOR("  processor s per GB", "%.2f"),
    MACHINE_UDP_UP("1 UDP stream up, Gbit/s", "%.3f"),
    MACHINE_UDP_UP_LOST("  lost, %", "%.1f"),
    MACHINE_UDP_UP_PROCESSOR("  processor s per GB", "%.2f"),
    MACHINE_UDP_DOWN("1 UDP stream down, Gbit/s", "%.3f"),
    MACHINE_UDP_DOWN_LOST("  lost, %", "%.1f"),
    MACHINE_UDP_DOWN_PROCESSOR("  processor s per GB", "%.2f"),
    CALL_P50("codervpn call, Unix socket, p50 µs", "%,.0f"),
    CALL_P99("  p99 µs", "%,.0f"),
    CONNECT_P50("connection set up, p50 µs", "%,.0f"),
    CONNECT_P99("  p99 µs", "%,.0f"),
    ROUND_TRIP_P50("64 bytes there and back, p50 µs", "%,.0f"),
    ROUND_TRIP_P99("  p99 µs", "%,.0f"),
    ADDED_P50("  added to direct, p50 µs", "%,.0f"),
    ADDED_P99("  added to direct, p99 µs", "%,.0f"),
    SET_CHANGED("set: 100 ports changed, ms", "%.1f"),
    SET_ADDED("set: 100 ports added, ms", "%.1f"),
    SET_REMOVED("set: 100 ports removed, ms", "%.1f"),
    BROKEN("  connections broken of 1,000", "%,.0f"),
    SERVED_KIB("heap KiB per served connection", "%.1f"),
    SERVED_MIB("resident MiB with these", "%,.0f");

    private final String label;
    private final String format;

    Figure(String label, String format) {
      this.label = label;
      this.format = format;
    }

    String label() {
      return label;
    }

    String format() {
      return format;
    }
  }

  /// One of the ways from the visitor to the app, of a packet to a server and back, of a stream
  /// between our stack and the kernel, of a call to a tunnel and back, from node to node or from
  /// machine to machine, and the parts of our stack that are used.
  enum Way {
    DIRECT("direct"),
    PENSTOCK("penstock"),
    SPLICE("TLS splice"),
    GO("Go pair"),
    GO_ORIGINAL("Go, 2 idle"),
    ROUTER("router"),
    RUST("Rust pair"),
    TO_RUST("to Rust"),
    FROM_RUST("from Rust"),
    TUN("TUN"),
    TUN_OFFLOAD("offload"),
    WIREGUARD("wireguard-go"),
    VETH("veth"),
    ENGINE("engine"),
    CHANNELS("channels"),
    TO_GO("to Go"),
    FROM_GO("from Go"),
    NODES("nodes"),
    NODES_NIO("nodes, NIO");

    private final String label;

    Way(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  private final PrintStream out;
  private final Map<Figure, Map<Way, List<Double>>> values = new EnumMap<>(Figure.class);

  /// @param out where each value is told as it comes
  Samples(PrintStream out) {
    this.out = out;
  }

  void add(int round, Figure figure, Way way, double value) {
    out.printf(
        Locale.ROOT,
        "round %d  %-36s %-12s " + figure.format() + "%n",
        round,
        figure.label().strip(),
        way.label(),
        value);
    values
        .computeIfAbsent(figure, _ -> new EnumMap<>(Way.class))
        .computeIfAbsent(way, _ -> new ArrayList<>())
        .add(value);
  }

  /// The value that was added last; NaN when there is none.
  double last(Figure figure, Way way) {
    List<Double> all = values.getOrDefault(figure, Map.of()).getOrDefault(way, List.of());
    return all.isEmpty() ? Double.NaN : all.getLast();
  }

  /// Whether the figure was measured for any way.
  boolean has(Figure figure) {
    return values.containsKey(figure);
  }

  /// Whether anything was measured for the way.
  boolean has(Way way) {
    return values.values().stream().anyMatch(each -> each.containsKey(way));
  }

  /// The median over the rounds; NaN when it was not measured.
  double median(Figure figure, Way way) {
    List<Double> sorted =
        new ArrayList<>(values.getOrDefault(figure, Map.of()).getOrDefault(way, List.of()));
    if (sorted.isEmpty()) {
      return Double.NaN;
    }
    Collections.sort(sorted);
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
