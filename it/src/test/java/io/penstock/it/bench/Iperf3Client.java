package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Runs `iperf3` in a network namespace, one stream at a time.
final class Iperf3Client {

  /// What was measured.
  ///
  /// @param gbit what the receiver got, per second
  /// @param processorSeconds of `iperf3` at both ends, the kernel's work within it included
  /// @param lostPercent of the datagrams; 0 for TCP
  record Measured(double gbit, double processorSeconds, double lostPercent) {}

  private Iperf3Client() {}

  /// What the receiver of one stream measures. The kernel sends with CUBIC.
  ///
  /// @param direction `up` to the server, `down` from it
  static double gbit(NetworkThread from, String server, String direction, double seconds)
      throws Exception {
    return tcp(from, server, direction, seconds).gbit();
  }

  /// The same with all that was measured.
  static Measured tcp(NetworkThread from, String server, String direction, double seconds)
      throws Exception {
    return run(from, server, direction, seconds, List.of("-C", "cubic"));
  }

  /// Sends datagrams as fast as the sender can.
  ///
  /// @param bytes of the data of each
  static Measured udp(
      NetworkThread from, String server, String direction, double seconds, int bytes)
      throws Exception {
    return run(
        from, server, direction, seconds, List.of("-u", "-b", "0", "-l", String.valueOf(bytes)));
  }

  private static Measured run(
      NetworkThread from, String server, String direction, double seconds, List<String> how)
      throws Exception {
    String command = String.format(Locale.ROOT, "iperf3 -J -i 0 -t %.0f -c %s", seconds, server);
    List<String> words = new ArrayList<>(List.of(command.split(" ", -1)));
    words.addAll(how);
    if (direction.equals("down")) {
      words.add("-R");
    }
    NetworkThread.Result result = from.execute(words);
    if (result.status() != 0) {
      throw new IOException("iperf3: " + result.output());
    }
    // A warning may stand before it, as that the headers of TCP are longer than those of UDP.
    String json = result.output().substring(result.output().indexOf("{\n"));
    JsonNode end = new JsonMapper().readTree(json).path("end");
    JsonNode received = end.path("sum_received");
    JsonNode processor = end.path("cpu_utilization_percent");
    double percent =
        processor.path("host_total").asDouble() + processor.path("remote_total").asDouble();
    return new Measured(
        received.path("bits_per_second").asDouble() / 1e9,
        percent / 100 * received.path("seconds").asDouble(),
        received.path("lost_percent").asDouble());
  }
}
