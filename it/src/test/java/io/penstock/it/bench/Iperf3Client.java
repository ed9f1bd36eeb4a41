package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/// Runs `iperf3` in a network namespace.
final class Iperf3Client {

  private Iperf3Client() {}

  /// What the receiver of one stream measures. The kernel sends with CUBIC.
  ///
  /// @param direction `up` to the server, `down` from it
  static double gbit(NetworkThread from, String server, String direction, double seconds)
      throws Exception {
    String command =
        String.format(Locale.ROOT, "iperf3 -J -i 0 -C cubic -t %.0f -c %s", seconds, server);
    List<String> words = new ArrayList<>(List.of(command.split(" ", -1)));
    if (direction.equals("down")) {
      words.add("-R");
    }
    NetworkThread.Result result = from.execute(words);
    if (result.status() != 0) {
      throw new IOException("iperf3: " + result.output());
    }
    double bits =
        new JsonMapper()
            .readTree(result.output())
            .path("end")
            .path("sum_received")
            .path("bits_per_second")
            .asDouble();
    return bits / 1e9;
  }
}
